// Talks to a chip of the model that was just switched on.
//
//     node radio_bus.mjs MODEL JSON      MODEL: the folder tools/emulator/radio
//
// The JSON is a list of steps: [HEX, COUNT] a transfer, ['power', 0|1], ['wake', NUMBER] the time has
// come that the chip waits for. Prints what it answers and its interrupt line, for each of them.

const [model, given] = process.argv.slice(2);
const { Air } = await import(`${model}/air.mjs`);
const { Cyw43439 } = await import(`${model}/cyw43439.mjs`);

const alarms = [];
const clock = {
  createAlarm(then) {
    alarms.push(then);
    return { schedule() {} };
  },
};
const chip = new Cyw43439(clock, new Air([], () => {}));
const STEPS = {
  power: (on) => chip.power(!!on),
  wake: (number) => alarms[number](),
};
chip.power(true);

const told = JSON.parse(given).map(([what, value]) => {
  const got = STEPS[what]
    ? (STEPS[what](value), '')
    : Buffer.from(chip.transfer(Uint8Array.from(Buffer.from(what, 'hex')), value)).toString('hex');
  return { got, level: +chip.interrupt };
});
console.log(JSON.stringify(told));
