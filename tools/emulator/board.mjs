// An emulated Raspberry Pi Pico, or Pico W: boots a UF2 image, offers its USB console on a TCP port,
// and joins one of its UARTs, or its radio, to the gateway, which forwards TCP ports of this machine to
// the board.
//
//     node board.mjs OPTIONS      EMULATOR_MODULES names the folder with rp2040js
//
//     --image FILE        the UF2 image, written over the flash at each start
//     --rom FILE          the RP2040's boot ROM
//     --flash FILE        keeps the flash, 2 MB (default: it is forgotten)
//     --console PORT      of 127.0.0.1 (default 0: a free one), one client at a time
//     --gateway FILE      see gateway/ (default: no network)
//     --address ADDRESS   where the gateway listens (default 127.0.0.1)
//     --forward P:Q       port P of this machine is port Q of the board; may be repeated
//     --uart NUMBER       the one with the network (default 0)
//     --air JSON          there is a radio, and this in its air: see radio/radio.mjs
//     --visitor P:Q       as --forward, by a visitor of the board's access point; may be repeated
//     --bits              the radio's wires bit by bit
//     --record FILE       the conversation on these wires: see radio/recorder.mjs
//
// Standard input takes a command a line: `reset`, `stats`, `skip SECONDS` (see pace.mjs), `cut N` (the
// power fails in the Nth operation of the flash from now on; 0: now) and comes back, `quit`, and
// what happens in the air: `out SSID`, `bye SSID`, `back SSID`, `visit PASSWORD`, `depart`; its end is
// `quit`. Standard output has a line of JSON for each event: {event: ready | console | link | served |
// stats | skipped | reset | end}, and of the radio {event: radio | joined | point | air | visit | visitor | led}.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

import { Chip, loadUF2 } from './chip.mjs';
import { Pace } from './pace.mjs';
import { Uart } from './pl011.mjs';
import { Radio } from './radio/radio.mjs';
import { Console } from './usb.mjs';

const FLASH_SIZE = 2 << 20;
const SAVE_MS = 300; // after the last change of the flash
const MOST_WAITING = 1 << 22; // bytes that a client of the console may be behind

const { values: options } = parseArgs({
  options: {
    image: { type: 'string' },
    rom: { type: 'string' },
    flash: { type: 'string' },
    console: { type: 'string', default: '0' },
    gateway: { type: 'string' },
    address: { type: 'string', default: '127.0.0.1' },
    forward: { type: 'string', multiple: true, default: [] },
    uart: { type: 'string', default: '0' },
    air: { type: 'string' },
    visitor: { type: 'string', multiple: true, default: [] },
    bits: { type: 'boolean' },
    record: { type: 'string' },
  },
});

function tell(event, details = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`);
}

function fail(text) {
  tell('end', { error: text });
  process.exitCode = 1;
  quit();
}

// The flash, kept in a file.

let saving = null;

function save() {
  clearTimeout(saving);
  if (saving) {
    saving = null;
    fs.writeFileSync(`${options.flash}.new`, chip.flash.subarray(0, FLASH_SIZE));
    fs.renameSync(`${options.flash}.new`, options.flash);
  }
}

function flashChanged() {
  if (options.flash) {
    clearTimeout(saving);
    saving = setTimeout(save, SAVE_MS);
  }
}

// The console: what the board prints goes to the client, or to standard output when there is none.

let client = null;

function fromConsole(bytes) {
  if (!client) {
    tell('console', { text: Buffer.from(bytes).toString('latin1') });
  } else if (client.writableLength > MOST_WAITING) {
    client.destroy();
  } else {
    client.write(Buffer.from(bytes));
  }
}

function converse(socket) {
  if (client) {
    socket.destroy(); // as a serial port that is in use
    return;
  }
  client = socket;
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('close', () => {
    client = null;
  });
  socket.on('data', (bytes) => {
    terminal.send(bytes);
    if (terminal.backlog > 65536) {
      socket.pause();
    }
    pace.wake();
  });
}

// The network.

let radio = null;
let gateway = null;
let outgoing = [];

function flushUart() {
  if (outgoing.length) {
    gateway?.stdin.write(Buffer.from(outgoing));
    outgoing = [];
    pace.wake();
  }
}

const ports = { forward: [], visitor: [] }; // that are open

function listening(kind, port, board) {
  ports[kind].push({ port: +port, board: +board });
  if (['forward', 'visitor'].every((each) => ports[each].length === options[each].length)) {
    ready();
  }
}

function gatewayEvent(line) {
  const [word, ...rest] = line.split(' ');
  if (word === 'listening') {
    listening('forward', ...rest);
  } else if (word === 'up' || word === 'down') {
    tell('link', { up: word === 'up' });
  } else if (word === 'served') {
    tell('served');
  } else if (word === 'error') {
    fail(rest.join(' '));
  }
}

function visitorEvent(line) {
  const [word, ...rest] = line.split(' ');
  if (word === 'listening') {
    listening('visitor', ...rest);
  } else if (word === 'error') {
    fail(rest.join(' '));
  } else {
    tell('visitor', { says: word });
  }
}

function openAir() {
  radio.open(options.gateway, options.address, options, {
    onNetwork: gatewayEvent,
    onVisitor: visitorEvent,
    onEnd: (text) => ended || fail(`${options.gateway}: ${text}`),
  });
}

function startGateway() {
  gateway = spawn(options.gateway, ['ppp', options.address, ...options.forward], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  gateway.stdin.on('error', () => {});
  gateway.stdout.on('data', (bytes) => {
    uart.send(bytes);
    pace.wake();
  });
  readline
    .createInterface({ input: gateway.stderr })
    .on('line', gatewayEvent);
  gateway.on('error', (error) => fail(`${options.gateway}: ${error.message}`));
  gateway.on('exit', () => ended || fail('the gateway ended'));
}

// The board.

let terminal, uart;

function connect() {
  terminal = new Console(chip.rp, fromConsole, () => {});
  uart = new Uart(chip.rp, +options.uart, (byte) => outgoing.push(byte));
  radio?.connect(chip.rp);
}

const chip = new Chip(fs.readFileSync(options.rom), {
  onFlashChange: flashChanged,
  onReset() {
    tell('reset');
    outgoing = [];
    gateway?.kill('SIGHUP');
    connect();
    pace.endSkipping();
  },
  onBootloader() {
    tell('bootloader');
    chip.resetWanted = true;
  },
  onFault: (text) => fail(`The board stopped: ${text}`),
});

const pace = new Pace(chip, () => {
  flushUart();
  if (client?.isPaused() && terminal.backlog < 4096) {
    client.resume();
  }
});

let ended = false;

function quit() {
  if (!ended) {
    ended = true;
    pace.stop();
    save();
    gateway?.stdin.end();
    radio?.close();
    client?.destroy();
    server.close();
    commands.close();
    process.stdin.destroy();
  }
}

const COMMANDS = {
  reset() {
    chip.resetWanted = true;
    chip.core.waiting = false;
    pace.wake();
  },
  cut(count) {
    if (+count) {
      chip.cutIn = +count;
    } else {
      chip.cut();
      pace.wake();
    }
  },
  stats() {
    const { PC: pc, LR: lr, waiting } = chip.core;
    tell('stats', {
      cycles: chip.cycles,
      nanos: chip.clock.nanos,
      hertz: chip.rp.clkSys,
      pc,
      lr,
      waiting,
      ...radio?.stats,
    });
  },
  skip(seconds) {
    pace.skip(+seconds, () => tell('skipped'));
  },
  quit,
};

function obey(line) {
  const [word, ...rest] = line.split(' ');
  if (COMMANDS[word]) {
    COMMANDS[word](...rest);
  } else {
    radio?.happen(word, rest.join(' '));
  }
}

function ready() {
  tell('ready', { console: server.address().port, ports });
  pace.start();
}

if (options.flash && fs.existsSync(options.flash)) {
  chip.flash.set(fs.readFileSync(options.flash).subarray(0, FLASH_SIZE));
}
try {
  loadUF2(fs.readFileSync(options.image), chip.flash);
} catch (error) {
  tell('end', { error: `${options.image}: ${error.message}` });
  process.exit(1);
}
if (options.air) {
  const { air, bits, record } = options;
  radio = new Radio(JSON.parse(air), tell, () => pace.wake(), { bits, record });
}
connect();
const server = net.createServer(converse);
const commands = readline.createInterface({ input: process.stdin });
commands.on('line', obey);
commands.on('close', quit);
process.on('SIGTERM', quit);
process.on('SIGINT', quit);
process.stdout.on('error', quit);
server.on('error', (error) => fail(`Console port ${options.console}: ${error.message}`));
server.listen(+options.console, '127.0.0.1', () => {
  if (!options.gateway) {
    ready();
  } else if (radio) {
    openAir();
  } else {
    startGateway();
  }
});
