// One trace: instructions from an address on, as the text of a JavaScript function (translate.mjs).

import { emit } from './thumb.mjs';

const LONGEST = 64; // instructions
const TURNS = 50; // of a loop, until the clock is looked at

const VIEWS = { word: ['M32', 2], half: ['M16', 1], byte: ['M8', 0] };

export class Trace {
  // `peek(address)`: a half word of code. `literal(address)`: the word there if it never changes,
  // else undefined.
  constructor(start, peek, literal) {
    this.start = start;
    this.peek = peek;
    this.literal = literal;
    this.next = start;
    this.pc = start;
    this.cycles = 0;
    this.temps = 0;
    this.items = []; // {text}, {text, flag}, {uses}, {text, exit}
    this.registers = new Set();
    this.written = new Set();
    this.changed = new Set(); // flags
    this.addresses = new Set();
    this.link = 0; // what is known to be in r14
    this.done = false;
    while (!this.done) {
      this.step();
    }
  }

  get empty() {
    return this.addresses.size === 0;
  }

  step() {
    this.pc = this.next;
    if (this.addresses.has(this.pc) || this.addresses.size === LONGEST) {
      this.exitTo(`${this.pc}`);
      return;
    }
    const before = this.items.length;
    this.next = this.pc + 2;
    this.cycles++;
    if (emit(this.peek(this.pc), this)) {
      this.addresses.add(this.pc);
    } else {
      this.cycles--;
      this.items.length = before;
      this.exitTo(`${this.pc}`);
    }
  }

  // For thumb.mjs.

  temp(expression) {
    if (/^(t\d+|-?\d+)$/.test(expression)) return expression;
    const name = `t${this.temps++}`;
    this.items.push({ text: `const ${name}=${expression};` });
    return name;
  }

  reg(number) {
    if (number === 15) return `${this.pc + 4}`;
    this.registers.add(number);
    return `r${number}`;
  }

  set(number, expression) {
    this.registers.add(number);
    this.written.add(number);
    if (number === 14) this.link = 0;
    this.items.push({ text: `r${number}=${expression};` });
  }

  flag(name) {
    this.items.push({ uses: name });
    return name;
  }

  flags(expressions) {
    for (const [name, expression] of Object.entries(expressions)) {
      this.items.push({ flag: name, text: `${name}=${expression};` });
      this.changed.add(name);
    }
  }

  load(size, expression) {
    const address = this.temp(expression);
    const known = /^\d+$/.test(address) && size === 'word' ? this.literal(+address) : undefined;
    if (known !== undefined) return `${known}`;
    const [view, shift] = VIEWS[size];
    return this.temp(
      `(q=${address}-0x20000000>>>0)<RAM_SIZE?${view}[q>>${shift}]:${size}From(${address})`,
    );
  }

  store(size, expression, value) {
    const [view, shift] = VIEWS[size];
    const address = this.temp(expression);
    this.items.push({
      exit: true,
      text:
        `if((q=${address}-0x20000000>>>0)<RAM_SIZE){` +
        `${view}[q>>${shift}]=${value};if(CODE[q>>6])spoil(q);}` +
        `else if(${size}To(${address},${value})){pc=${this.next};cy+=${this.cycles};break;}`,
    });
  }

  exitTo(target) {
    this.leave(`pc=${target};cy+=${this.cycles};break;`);
  }

  // As BX: an address, or the return from an exception.
  exitExchange(target) {
    this.leave(`pc=${target};cy+=${this.cycles};exchange=true;break;`);
    this.exchanges = true;
  }

  leave(text) {
    this.items.push({ exit: true, text });
    this.done = true;
  }

  exitIf(condition, target) {
    const cycles = this.cycles + 1;
    const again = target === this.start ? `if(turn++<${TURNS}&&!s.slow)continue;` : '';
    this.items.push({
      exit: true,
      text: `if(${condition}){cy+=${cycles};${again}pc=${target};break;}`,
    });
  }

  follow(target) {
    if (target === this.start) {
      this.cycles--; // exitIf() counts a branch
      this.exitIf('true', target);
      this.done = true;
    }
    this.next = target;
  }

  // The text without flags that nobody reads: a flag is wanted from where it is set to an exit or a
  // use of it, so this goes backwards.
  body() {
    const wanted = new Set();
    const lines = [];
    for (const item of [...this.items].reverse()) {
      if (item.exit) {
        ['nz', 'cf', 'vf'].forEach((name) => wanted.add(name));
      }
      if (item.uses) {
        wanted.add(item.uses);
      } else if (!item.flag || wanted.delete(item.flag)) {
        lines.push(item.text);
      }
    }
    return lines.reverse().join('\n');
  }

  // The function's text: it returns the cycles taken and leaves the state in R (registers) and F.
  text() {
    const flags = ['nz', 'cf', 'vf'];
    const registers = [...this.registers];
    const body = this.body();
    return [
      `let q,pc=0,cy=0,turn=0,exchange=false,nz=F[0],cf=F[1],vf=F[2];`,
      ...registers.map((n) => `let r${n}=R[${n}];`),
      `for(;;){${body}}`,
      ...[...this.written].map((n) => `R[${n}]=r${n};`),
      ...flags.map((name, i) => (this.changed.has(name) ? `F[${i}]=${name};` : '')),
      this.exchanges
        ? 'if(exchange&&pc>>>28===15)core.BXWritePC(pc>>>0);else R[15]=pc&-2;'
        : 'R[15]=pc;',
      `return cy;`,
    ].join('\n');
  }
}
