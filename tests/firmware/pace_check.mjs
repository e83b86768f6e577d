// How long a sleep of the core takes on a host whose own sleeps take longer than asked for.
//
//     node pace_check.mjs PACE.MJS SECONDS [skip]      prints that in seconds; skip: all but a
//                                                      second of it costs nothing
//
// The host's clock and timers are replaced: nothing waits here.

const { Pace } = await import(process.argv[2]);
const nanos = +process.argv[3] * 1e9;
const LATE = 1.05;

let host = 0; // milliseconds
const timers = [];
Object.defineProperty(performance, 'now', { value: () => (host += 0.001) });
globalThis.setTimeout = (then, ms) => timers.push([then, ms]);
globalThis.clearTimeout = () => timers.pop(); // there is but one
globalThis.setImmediate = (then) => timers.push([then, 0]);

const core = { waiting: true };
const clock = {
  nanos: 0,
  nextAlarm: {},
  get nanosToNextAlarm() {
    return nanos - this.nanos;
  },
  tick(passed) {
    this.nanos += passed;
    core.waiting = this.nanos < nanos - 1;
  },
};
let woken = null; // when the core worked again
const translator = {
  run() {
    woken ??= host;
    pace.stop();
  },
};
const pace = new Pace({ core, clock, translator }, () => {});
pace.start();
let skipped = false;
if (process.argv[4]) pace.skip(nanos / 1e9 - 1, () => (skipped = true));
while (pace.running) {
  const [then, ms] = timers.shift();
  host += ms * LATE;
  then();
}
if (process.argv[4] && !skipped) throw new Error('the end of the time is not told');
console.log(woken / 1000);
