// The RP2040's UARTs as MicroPython's driver needs them: rp2040js has no interrupt for a receive
// time-out, raises the one for reception for every byte, and the other again when it is cleared.
//
// No byte is lost and none waits for the baud rate: the FIFO takes what it has room for at once,
// and more when the firmware has read some. What the firmware sends has left when it is written.

const RX = 1 << 4;
const TX = 1 << 5;
const TIMEOUT = 1 << 6;

const DATA = 0x00;
const STATUS = 0x04;
const LEVELS = 0x34;
const MASK = 0x38;
const RAW = 0x3c;
const MASKED = 0x40;
const CLEAR = 0x44;
const DMA = 0x48;

const FIFO_SIZE = 32;
const RX_LEVELS = [4, 8, 16, 24, 28];
const REFILL_NANOS = 2000;
const TIMEOUT_BITS = 32;

export class Uart {
  // Takes over UART `number` of an rp2040js chip. `onData(byte)` is called for each byte sent.
  constructor(chip, number, onData) {
    this.chip = chip;
    this.uart = chip.uart[number];
    this.onData = onData;
    this.raw = 0;
    this.levels = 0x12; // as after a reset: half full
    this.waiting = []; // chunks for the receive FIFO
    this.offset = 0; // in the first of them
    this.refill = chip.clock.createAlarm(() => this.fill());
    this.refilling = false; // an alarm that went off still says it is scheduled
    this.timeout = chip.clock.createAlarm(() => this.raise(this.uart.rxFIFO.empty ? 0 : TIMEOUT));
    this.patch();
  }

  // Bytes that arrive. They wait while the UART is off or its FIFO full.
  send(bytes) {
    this.waiting.push(bytes);
    this.fill();
  }

  get receiving() {
    return this.uart.enabled && this.uart.rxEnabled;
  }

  get rxLevel() {
    return this.uart.fifosEnabled ? (RX_LEVELS[(this.levels >> 3) & 7] ?? 16) : 1;
  }

  raise(bits) {
    this.raw |= bits;
    this.chip.setInterrupt(this.uart.irq, !!(this.raw & this.uart.interruptMask));
  }

  fill() {
    const fifo = this.uart.rxFIFO;
    this.refilling = false;
    if (!this.waiting.length || !this.receiving) {
      return;
    }
    const size = this.uart.fifosEnabled ? FIFO_SIZE : 1;
    while (this.waiting.length && fifo.itemCount < size) {
      fifo.push(this.waiting[0][this.offset++]);
      if (this.offset === this.waiting[0].length) {
        this.waiting.shift();
        this.offset = 0;
      }
    }
    this.raise(fifo.itemCount >= this.rxLevel ? RX : 0);
    this.startTimeout();
  }

  startTimeout() {
    const divider = this.uart.baudDivider || 1;
    this.timeout.schedule((TIMEOUT_BITS * 16 * divider * 1e9) / this.chip.clkPeri);
  }

  readData() {
    const fifo = this.uart.rxFIFO;
    const value = fifo.pull();
    if (fifo.itemCount < this.rxLevel) {
      this.raw &= ~RX;
    }
    if (fifo.empty) {
      this.raw &= ~TIMEOUT;
    } else {
      this.startTimeout();
    }
    if (this.waiting.length && !this.refilling) {
      this.refilling = true;
      this.refill.schedule(REFILL_NANOS);
    }
    this.raise(0);
    return value;
  }

  patch() {
    const { uart } = this;
    const read = uart.readUint32.bind(uart);
    const write = uart.writeUint32.bind(uart);
    const reads = {
      [DATA]: () => this.readData(),
      [STATUS]: () => 0,
      [LEVELS]: () => this.levels,
      [RAW]: () => this.raw,
      [MASKED]: () => this.raw & uart.interruptMask,
      [CLEAR]: () => 0,
      [DMA]: () => 0,
    };
    const writes = {
      [DATA]: (value) => {
        this.onData(value & 0xff);
        this.raise(TX);
      },
      [STATUS]: () => {},
      [LEVELS]: (value) => {
        this.levels = value;
      },
      [MASK]: (value) => {
        uart.interruptMask = value & 0x7ff;
        this.raise(0);
      },
      [CLEAR]: () => {
        this.raw &= ~uart.rawWriteValue;
        this.raise(0);
      },
      [DMA]: () => {},
    };
    uart.checkInterrupts = () => this.raise(0);
    uart.readUint32 = (offset) => (reads[offset] ? reads[offset]() : read(offset));
    uart.writeUint32 = (offset, value) => {
      if (writes[offset]) {
        writes[offset](value);
      } else {
        write(offset, value);
        this.fill(); // it may have been switched on
      }
    };
  }
}
