// Records the conversation of a driver with the radio, so that it can be replayed against the model
// without the driver (replay.mjs). A line for each thing that happens, in their order:
//
//     power 0|1
//     air JSON                  the networks that are there
//     sends HEX COUNT HEX LEVEL a transfer: what the driver sends, how much it reads, what it gets,
//                               and the interrupt line after it
//     loads HEX COUNT SIZE SHA  as many transfers, one after the other, that write SIZE bytes each
//                               into the radio's memory from the command HEX on: a part of the
//                               firmware or its settings, of which only the hash is kept
//     masks HEX LENGTH SHA      a transfer that begins so; the rest is of such a length: the
//                               frequencies of countries (CLM), of which only the hash is kept
//     wants NUMBER MS           the radio asks to be woken; NUMBER counts them
//     wakes NUMBER              it is
//     happens WORD VALUE        in the air: see radio.mjs
//     arrives INTERFACE HEX     a frame for the board
//     leaves INTERFACE HEX      a frame from the board
//     tells EVENT JSON          what the model's log says
//
// Firmware and CLM belong to others; all else is what the driver and the model say to each other.

import { createHash } from 'node:crypto';
import fs from 'node:fs';

import { get32 } from './bytes.mjs';
import { BACKPLANE, OWN, WLAN, parseCommand } from './cyw43439.mjs';

const COMMAND_SIZE = 4;
const LOAD = 64; // bytes from which on a write into the memory is a load
const CLM = Buffer.from('clmload\0');
const CLM_HEADER = 12; // bytes after that name that are the driver's own
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export class Recorder {
  constructor(path) {
    this.file = fs.openSync(path, 'w');
    this.load = null; // {first, count, size, next, bytes}
    this.alarms = 0;
  }

  note(...words) {
    this.flush();
    fs.writeSync(this.file, `${words.join(' ')}\n`);
  }

  // Write the load that has ended.
  flush() {
    if (this.load) {
      const { first, count, size, bytes } = this.load;
      this.load = null;
      this.note('loads', hex(first), count, size, sha256(Buffer.concat(bytes)));
    }
  }

  telling(tell) {
    return (event, details) => {
      this.note('tells', event, JSON.stringify(details));
      tell(event, details);
    };
  }

  watchAir(air) {
    const carry = air.carry.bind(air);
    air.carry = (itf, frame) => {
      this.note('leaves', itf, hex(frame));
      carry(itf, frame);
    };
  }

  // A clock that says who is woken when.
  watchClock(clock) {
    return {
      createAlarm: (then) => {
        const number = this.alarms++;
        const alarm = clock.createAlarm(() => {
          this.note('wakes', number);
          then();
        });
        return {
          schedule: (nanos) => {
            this.note('wants', number, nanos / 1e6);
            alarm.schedule(nanos);
          },
        };
      },
    };
  }

  watchChip(chip) {
    const power = chip.power.bind(chip);
    const transfer = chip.transfer.bind(chip);
    chip.power = (on) => {
      if (on !== chip.on) this.note('power', +on);
      power(on);
    };
    chip.transfer = (sent, count) => {
      const got = transfer(sent, count);
      if (chip.on && !this.fold(chip, sent)) {
        this.note('sends', hex(sent), count, hex(got) || '-', +chip.interrupt);
      }
      return got;
    };
  }

  // Keep only the hash of what belongs to others; false: it is no such transfer.
  fold(chip, sent) {
    const { writes, target, address, size } = parseCommand(get32(sent));
    if (!writes || !chip.wide) return false;
    if (target === BACKPLANE && address < OWN && size >= LOAD) {
      this.add(sent, address, size);
      return true;
    }
    const at = Buffer.from(sent).indexOf(CLM);
    if (target === WLAN && at >= 0) {
      const end = at + CLM.length + CLM_HEADER;
      const rest = sent.subarray(end);
      this.note('masks', hex(sent.subarray(0, end)), rest.length, sha256(rest));
      return true;
    }
    return false;
  }

  add(sent, address, size) {
    if (this.load?.next !== address || this.load.size !== size) {
      this.flush();
      this.load = { first: sent.slice(0, COMMAND_SIZE), count: 0, size, bytes: [] };
    }
    this.load.count++;
    this.load.next = address + size;
    this.load.bytes.push(sent.slice(COMMAND_SIZE));
  }

  close() {
    this.flush();
    fs.closeSync(this.file);
  }
}
