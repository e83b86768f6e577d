// Runs the chip, in slices between which the host's events get their turn.
//
// While the core works, emulated time is what its cycles take at the chip's clock, however fast
// this machine emulates them. While it sleeps, emulated time passes as the host's does, or, until
// a time that `skip()` gives, at once.

const SLICE_MS = 4;
const STEPS = 1000; // between two looks at the clock
const AHEAD_NANOS = 1e6; // emulated time may be that much ahead: shorter sleeps cost no timer
const LONGEST_SLEEP_NANOS = 1e9; // of the host's, between two looks
const BEHIND_NANOS = LONGEST_SLEEP_NANOS + 100e6; // ... and make up for one that took a bit longer

// How long time passes as the host's all the same after a word with the host, which by then has
// answered: it lives by its own time.
const QUIET_MS = 20;

const hostNanos = () => performance.now() * 1e6;

export class Pace {
  // `afterSlice()` is called before the host gets its turn.
  constructor(chip, afterSlice) {
    this.chip = chip;
    this.afterSlice = afterSlice;
    this.timer = null;
    this.running = false;
    this.behind = 0; // nanoseconds of host time that emulated time may still pass
    this.asleepSince = null;
    this.skipUntil = 0; // nanoseconds of emulated time
    this.quietAt = 0; // milliseconds of the host's time
  }

  start() {
    this.running = true;
    this.asleepSince = null;
    this.slice();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    this.timer = null;
  }

  // The host has something for the core, or the other way round: do not sleep to the end.
  wake() {
    this.quietAt = performance.now() + QUIET_MS;
    if (this.timer) {
      clearTimeout(this.timer);
      this.slice();
    }
  }

  // Cost nothing of the host's time while the core sleeps, for so many seconds of emulated time.
  // `onSkipped()` is called when they are over, or the chip was reset.
  skip(seconds, onSkipped) {
    this.skipUntil = this.chip.clock.nanos + seconds * 1e9;
    this.onSkipped = onSkipped;
    this.wake();
  }

  endSkipping() {
    if (this.skipUntil) {
      this.skipUntil = 0;
      this.behind = 0;
      this.onSkipped();
    }
  }

  // How many nanoseconds of sleep cost nothing, and after how many of the host's to look again.
  get skippable() {
    if (!this.skipUntil) {
      return [0, LONGEST_SLEEP_NANOS];
    }
    const busy = (this.quietAt - performance.now()) * 1e6;
    return busy > 0 ? [0, busy] : [this.skipUntil - this.chip.clock.nanos, LONGEST_SLEEP_NANOS];
  }

  // Let time pass for a core that waits. Returns the nanoseconds to sleep on the host, 0: go on.
  pass() {
    const { clock } = this.chip;
    const now = hostNanos();
    if (this.asleepSince !== null) {
      this.behind = Math.min(this.behind + now - this.asleepSince, BEHIND_NANOS);
    }
    this.asleepSince = now;
    const next = clock.nextAlarm ? clock.nanosToNextAlarm : Infinity;
    const [skipped, longest] = this.skippable;
    const may = Math.min(next, Math.max(0, skipped, this.behind + AHEAD_NANOS));
    if (may > 0) {
      clock.tick(may);
      this.behind = skipped > 0 ? 0 : this.behind - may;
    }
    return may >= next || !this.chip.core.waiting ? 0 : Math.min(next - may, longest);
  }

  slice() {
    this.timer = null;
    const { chip } = this;
    const end = performance.now() + SLICE_MS;
    let sleep = 0;
    while (!sleep && performance.now() < end) {
      if (chip.core.waiting) {
        sleep = this.pass();
      } else {
        this.asleepSince = null;
        this.work();
      }
    }
    if (this.chip.clock.nanos + 1 >= this.skipUntil) {
      this.endSkipping();
    }
    this.afterSlice();
    if (this.running) {
      this.timer = sleep
        ? setTimeout(() => this.slice(), sleep / 1e6)
        : void setImmediate(() => this.running && this.slice());
    }
  }

  work() {
    const { chip } = this;
    chip.translator.run(STEPS, chip);
    if (chip.resetWanted) {
      chip.reset();
    }
  }
}
