// Replays what a driver and the model of the radio have said to each other, without the driver: the
// model has to give the same answers, and to do the same of its own accord.
//
//     node radio_replay.mjs MODEL RECORDING      MODEL: the folder tools/emulator/radio
//
// Prints {transfers, problems: [...]} as JSON. recorder.mjs explains a recording.

import fs from 'node:fs';

const [model, recording] = process.argv.slice(2);
const { Air } = await import(`${model}/air.mjs`);
const { Cyw43439 } = await import(`${model}/cyw43439.mjs`);
const { HAPPENINGS } = await import(`${model}/radio.mjs`);

const MOST_PROBLEMS = 5;
const OUTPUTS = ['leaves', 'tells', 'wants'];

const problems = [];
const said = []; // outputs of the model
const expected = []; // ... in the recording
const alarms = [];
let air, chip;
let transfers = 0;

const bytes = (hex) => (hex === '-' ? new Uint8Array() : Uint8Array.from(Buffer.from(hex, 'hex')));
const hex = (data) => Buffer.from(data).toString('hex') || '-';

const clock = {
  createAlarm(then) {
    const number = alarms.push(then) - 1;
    return { schedule: (nanos) => said.push(`wants ${number} ${nanos / 1e6}`) };
  },
};

function check(line, wanted, got) {
  if (wanted !== got) problems.push(`line ${line}: ${wanted} is ${got} now`);
}

// What happens to the model, by the first word of a line.
const INPUTS = {
  air(line, networks) {
    air = new Air(JSON.parse(networks), (event, details) =>
      said.push(`tells ${event} ${JSON.stringify(details)}`),
    );
    air.carry = (itf, frame) => said.push(`leaves ${itf} ${hex(frame)}`);
    chip = new Cyw43439(clock, air);
  },
  power: (line, on) => chip.power(on === '1'),
  sends(line, sent, count, got, level) {
    transfers++;
    check(line, got, hex(chip.transfer(bytes(sent), +count)));
    check(line, `level ${level}`, `level ${+chip.interrupt}`);
  },
  // Zeros in the place of what belongs to others.
  loads(line, first, count, size) {
    const sent = new Uint8Array(4 + +size);
    sent.set(bytes(first));
    const word = new DataView(sent.buffer);
    for (let i = 0; i < count; i++) {
      chip.transfer(sent, 0);
      word.setUint32(0, word.getUint32(0, true) + (size << 11), true);
      transfers++;
    }
  },
  masks(line, begin, length) {
    transfers++;
    chip.transfer(Uint8Array.from([...bytes(begin), ...new Uint8Array(+length)]), 0);
  },
  wakes: (line, number) => alarms[number](),
  happens: (line, word, ...value) => HAPPENINGS[word](air, value.join(' ')),
  arrives: (line, itf, frame) => air.arrive(+itf, bytes(frame)),
};

fs.readFileSync(recording, 'utf8')
  .trimEnd()
  .split('\n')
  .forEach((text, i) => {
    const [word, ...rest] = text.split(' ');
    if (OUTPUTS.includes(word)) {
      expected.push(text);
    } else if (word === 'air') {
      INPUTS.air(i + 1, rest.join(' '));
    } else {
      INPUTS[word](i + 1, ...rest);
    }
  });
check('of its own accord', `${expected.length} things`, `${said.length} things`);
expected.forEach((text, i) => check('of its own accord', text, said[i]));
console.log(JSON.stringify({ transfers, problems: problems.slice(0, MOST_PROBLEMS) }));
