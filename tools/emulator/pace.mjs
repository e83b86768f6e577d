// Runs the chip, in slices between which the host's events get their turn.
//
// While the core works, emulated time is what its cycles take at the chip's clock, however fast
// this machine emulates them. While it sleeps, emulated time passes as the host's does.

const SLICE_MS = 4;
const STEPS = 1000; // between two looks at the clock
const AHEAD_NANOS = 1e6; // emulated time may be that much ahead: shorter sleeps cost no timer
const BEHIND_NANOS = 20e6; // ... and make up for that much when a sleep of the host's took longer

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

  // Something happened that the core may be waiting for: do not sleep to the end.
  wake() {
    if (this.timer) {
      clearTimeout(this.timer);
      this.slice();
    }
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
    const may = Math.min(next, Math.max(0, this.behind + AHEAD_NANOS));
    if (may > 0) {
      clock.tick(may);
      this.behind -= may;
    }
    return may >= next || !this.chip.core.waiting ? 0 : Math.min(next - may, 1e9);
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
