// An emulated Raspberry Pi Pico: boots a UF2 image, offers its USB console on a TCP port and joins
// one of its UARTs to pppgw, which forwards TCP ports of this machine to the board.
//
//     node board.mjs OPTIONS      EMULATOR_MODULES names the folder with rp2040js
//
//     --image FILE        the UF2 image, written over the flash at each start
//     --rom FILE          the RP2040's boot ROM
//     --flash FILE        keeps the flash, 2 MB (default: it is forgotten)
//     --console PORT      of 127.0.0.1 (default 0: a free one), one client at a time
//     --gateway FILE      pppgw (default: no network)
//     --address ADDRESS   where the gateway listens (default 127.0.0.1)
//     --forward P:Q       port P of this machine is port Q of the board; may be repeated
//     --uart NUMBER       the one with the network (default 0)
//
// Standard input takes a command a line: `reset`, `stats`, `quit`; its end is `quit`. Standard
// output has a line of JSON for each event: {event: ready | console | link | served | stats | reset | end}.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

import { Chip, loadUF2 } from './chip.mjs';
import { Pace } from './pace.mjs';
import { Uart } from './pl011.mjs';
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

let gateway = null;
let outgoing = [];

function flushUart() {
  if (outgoing.length) {
    gateway?.stdin.write(Buffer.from(outgoing));
    outgoing = [];
  }
}

function gatewayEvent(line, ports) {
  const [word, ...rest] = line.split(' ');
  if (word === 'listening') {
    ports.push({ port: +rest[0], board: +rest[1] });
    if (ports.length === options.forward.length) {
      ready(ports);
    }
  } else if (word === 'up' || word === 'down') {
    tell('link', { up: word === 'up' });
  } else if (word === 'served') {
    tell('served');
  } else if (word === 'error') {
    fail(rest.join(' '));
  }
}

function startGateway() {
  const ports = [];
  gateway = spawn(options.gateway, [options.address, ...options.forward], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  gateway.stdin.on('error', () => {});
  gateway.stdout.on('data', (bytes) => {
    uart.send(bytes);
    pace.wake();
  });
  readline
    .createInterface({ input: gateway.stderr })
    .on('line', (line) => gatewayEvent(line, ports));
  gateway.on('error', (error) => fail(`${options.gateway}: ${error.message}`));
  gateway.on('exit', () => ended || fail('the gateway ended'));
}

// The board.

let terminal, uart;

function connect() {
  terminal = new Console(chip.rp, fromConsole, () => {});
  uart = new Uart(chip.rp, +options.uart, (byte) => outgoing.push(byte));
}

const chip = new Chip(fs.readFileSync(options.rom), {
  onFlashChange: flashChanged,
  onReset() {
    tell('reset');
    outgoing = [];
    gateway?.kill('SIGHUP');
    connect();
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
  stats() {
    const { PC: pc, LR: lr, waiting } = chip.core;
    tell('stats', {
      cycles: chip.cycles,
      nanos: chip.clock.nanos,
      hertz: chip.rp.clkSys,
      pc,
      lr,
      waiting,
    });
  },
  quit,
};

function ready(forwards) {
  tell('ready', { console: server.address().port, forwards });
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
connect();
const server = net.createServer(converse);
const commands = readline.createInterface({ input: process.stdin });
commands.on('line', (line) => COMMANDS[line.trim()]?.());
commands.on('close', quit);
process.on('SIGTERM', quit);
process.on('SIGINT', quit);
process.stdout.on('error', quit);
server.on('error', (error) => fail(`Console port ${options.console}: ${error.message}`));
server.listen(+options.console, '127.0.0.1', () => {
  if (options.gateway) {
    startGateway();
  } else {
    ready([]);
  }
});
