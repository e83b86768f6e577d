// ARMv6-M Thumb instructions as JavaScript: what translate.mjs puts into functions.
//
// Registers are the int32 variables r0 to r14; the flags are nz (the result that N and Z tell
// about), cf and vf (0 or 1). `emit(opcode, at)` gets a Trace and calls
//
//     at.set(register, expression)            the register's new value
//     at.flags({ nz, cf, vf })                expressions, evaluated after the register is set
//     at.exitTo(target) / at.exitIf(condition, target)
//     at.follow(address)                      go on there
//
// with expressions of at.reg(n), at.flag(name), at.load() and of variables that at.temp() makes.
// What is not in the table, or whose emit() returns false, is left to rp2040js.

const low = (opcode, shift) => (opcode >> shift) & 7;
const signed = (value, bits) => (value << (32 - bits)) >> (32 - bits);

// Arithmetic.

function add(at, register, x, y) {
  const [a, b] = [at.temp(x), at.temp(y)];
  const sum = at.temp(`(${a} + ${b}) | 0`);
  at.flags({
    nz: sum,
    cf: `(${sum} >>> 0) < (${a} >>> 0) ? 1 : 0`,
    vf: `((${a} ^ ${sum}) & (${b} ^ ${sum})) >>> 31`,
  });
  if (register !== null) at.set(register, sum);
}

function subtract(at, register, x, y) {
  const [a, b] = [at.temp(x), at.temp(y)];
  const difference = at.temp(`(${a} - ${b}) | 0`);
  at.flags({
    nz: difference,
    cf: `(${a} >>> 0) >= (${b} >>> 0) ? 1 : 0`,
    vf: `((${a} ^ ${b}) & (${a} ^ ${difference})) >>> 31`,
  });
  if (register !== null) at.set(register, difference);
}

function addCarry(at, register, x, y) {
  const [a, b, carry] = [at.temp(x), at.temp(y), at.temp(at.flag('cf'))];
  const sum = at.temp(`(${a} + ${b} + ${carry}) | 0`);
  at.flags({
    nz: sum,
    cf: `(${a} >>> 0) + (${b} >>> 0) + ${carry} > 4294967295 ? 1 : 0`,
    vf: `((${a} ^ ${sum}) & (${b} ^ ${sum})) >>> 31`,
  });
  at.set(register, sum);
}

function subtractCarry(at, register, x, y) {
  const [a, b, borrow] = [at.temp(x), at.temp(y), at.temp(`1 - ${at.flag('cf')}`)];
  const difference = at.temp(`(${a} - ${b} - ${borrow}) | 0`);
  at.flags({
    nz: difference,
    cf: `(${a} >>> 0) >= (${b} >>> 0) + ${borrow} ? 1 : 0`,
    vf: `((${a} ^ ${b}) & (${a} ^ ${difference})) >>> 31`,
  });
  at.set(register, difference);
}

function result(at, register, expression, cf) {
  const value = at.temp(expression);
  at.flags(cf === undefined ? { nz: value } : { nz: value, cf });
  if (register !== null) at.set(register, value);
}

// Shifts by a register: the amount is its low byte. [value, carry out] for amounts 1 to 255.
const SHIFTS = {
  lsl: (x, n) => [`${n} < 32 ? ${x} << ${n} : 0`, `${n} < 33 ? (${x} >>> (32 - ${n})) & 1 : 0`],
  lsr: (x, n) => [`${n} < 32 ? ${x} >>> ${n} : 0`, `${n} < 33 ? (${x} >>> (${n} - 1)) & 1 : 0`],
  asr: (x, n) => [`${x} >> (${n} < 32 ? ${n} : 31)`, `(${x} >> (${n} < 32 ? ${n} - 1 : 31)) & 1`],
  ror: (x, n) => [
    `(${x} >>> (${n} & 31)) | (${x} << (-${n} & 31))`,
    `(${x} >>> ((${n} - 1) & 31)) & 1`,
  ],
};

function shiftByRegister(at, register, kind, by) {
  const [x, n] = [at.temp(at.reg(register)), at.temp(`${at.reg(by)} & 255`)];
  const [value, carry] = SHIFTS[kind](x, n);
  const before = at.temp(at.flag('cf'));
  result(at, register, `(${n} ? ${value} : ${x}) | 0`, `${n} ? ${carry} : ${before}`);
}

function shiftByNumber(at, opcode, kind) {
  const [x, number] = [at.temp(at.reg(low(opcode, 3))), (opcode >> 6) & 31];
  if (kind === 'lsl') {
    result(
      at,
      low(opcode, 0),
      `${x} << ${number}`,
      number ? `(${x} >>> ${32 - number}) & 1` : undefined,
    );
  } else if (kind === 'lsr') {
    result(
      at,
      low(opcode, 0),
      number ? `(${x} >>> ${number}) | 0` : '0',
      `(${x} >>> ${(number || 32) - 1}) & 1`,
    );
  } else {
    result(at, low(opcode, 0), `${x} >> ${number || 31}`, `(${x} >>> ${(number || 32) - 1}) & 1`);
  }
}

// The operations of the form `op Rdn, Rm`, by bits 6 to 9.
const BINARY = [
  (at, d, m) => result(at, d, `${at.reg(d)} & ${at.reg(m)}`),
  (at, d, m) => result(at, d, `${at.reg(d)} ^ ${at.reg(m)}`),
  (at, d, m) => shiftByRegister(at, d, 'lsl', m),
  (at, d, m) => shiftByRegister(at, d, 'lsr', m),
  (at, d, m) => shiftByRegister(at, d, 'asr', m),
  (at, d, m) => addCarry(at, d, at.reg(d), at.reg(m)),
  (at, d, m) => subtractCarry(at, d, at.reg(d), at.reg(m)),
  (at, d, m) => shiftByRegister(at, d, 'ror', m),
  (at, d, m) => result(at, null, `${at.reg(d)} & ${at.reg(m)}`),
  (at, d, m) => subtract(at, d, '0', at.reg(m)),
  (at, d, m) => subtract(at, null, at.reg(d), at.reg(m)),
  (at, d, m) => add(at, null, at.reg(d), at.reg(m)),
  (at, d, m) => result(at, d, `${at.reg(d)} | ${at.reg(m)}`),
  (at, d, m) => result(at, d, `Math.imul(${at.reg(d)}, ${at.reg(m)})`),
  (at, d, m) => result(at, d, `${at.reg(d)} & ~${at.reg(m)}`),
  (at, d, m) => result(at, d, `~${at.reg(m)}`),
];

const byteSwap = (x) =>
  `(${x} << 24) | ((${x} << 8) & 0xff0000) | ((${x} >>> 8) & 0xff00) | (${x} >>> 24)`;

const WIDEN = [
  (x) => `(${x} << 16) >> 16`,
  (x) => `(${x} << 24) >> 24`,
  (x) => `${x} & 65535`,
  (x) => `${x} & 255`,
];
const REVERSE = [
  (x) => byteSwap(x),
  (x) => `((${x} & 0xff00ff) << 8) | ((${x} >>> 8) & 0xff00ff)`,
  null,
  (x) => `((${x} << 24) >> 16) | ((${x} >>> 8) & 255)`,
];

// High registers: the program counter reads as the instruction's address + 4.

function addHigh(opcode, at) {
  const register = low(opcode, 0) | ((opcode >> 4) & 8);
  moved(at, register, `(${at.reg(register)} + ${at.reg((opcode >> 3) & 15)}) | 0`);
}

function moved(at, register, value) {
  if (register === 15) {
    at.cycles++;
    at.exitTo(`(${value}) & -2`);
  } else {
    at.set(register, register === 13 ? `(${value}) & -4` : value);
  }
}

function branchExchange(opcode, at) {
  const register = (opcode >> 3) & 15;
  const link = opcode & 0x80;
  if (opcode & 7 || (link && register === 15)) return false;
  at.cycles++;
  if (register === 14 && !link && at.link) {
    at.follow(at.link);
    return true;
  }
  const target = at.temp(at.reg(register));
  if (link) {
    at.set(14, `${(at.pc + 2) | 1}`);
    at.exitTo(`${target} & -2`);
  } else {
    at.exitExchange(target);
  }
  return true;
}

// Memory.

const LOADS = { 4: 'word', 2: 'half', 1: 'byte' };

function load(at, register, size, address, extend = (x) => x) {
  at.cycles++;
  at.set(register, extend(at.load(LOADS[size], address)));
}

function store(at, register, size, address) {
  at.cycles++;
  at.store(LOADS[size], address, at.reg(register));
}

// Register offsets, by bits 9 to 11.
const INDEXED = [
  (at, t, a) => store(at, t, 4, a),
  (at, t, a) => store(at, t, 2, a),
  (at, t, a) => store(at, t, 1, a),
  (at, t, a) => load(at, t, 1, a, (x) => `(${x} << 24) >> 24`),
  (at, t, a) => load(at, t, 4, a),
  (at, t, a) => load(at, t, 2, a),
  (at, t, a) => load(at, t, 1, a),
  (at, t, a) => load(at, t, 2, a, (x) => `(${x} << 16) >> 16`),
];

function offset(opcode, at, size, isLoad) {
  const address = `${at.reg(low(opcode, 3))} + ${((opcode >> 6) & 31) * size} | 0`;
  (isLoad ? load : store)(at, low(opcode, 0), size, address);
}

const listed = (opcode) => [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => opcode & (1 << n));

function loadMany(at, registers, address) {
  registers.forEach((register, i) => {
    at.set(register, at.load('word', `${address} + ${4 * i} | 0`));
    at.cycles++;
  });
}

function storeMany(at, registers, address) {
  registers.forEach((register, i) => {
    at.store('word', `${address} + ${4 * i} | 0`, at.reg(register));
    at.cycles++;
  });
}

function multiple(opcode, at) {
  const [base, registers] = [low(opcode, 8), listed(opcode)];
  const address = at.temp(at.reg(base));
  if (opcode & 0x800) {
    loadMany(at, registers, address);
    if (registers.includes(base)) return true;
  } else if (registers.includes(base)) {
    return false;
  } else {
    storeMany(at, registers, address);
  }
  at.set(base, `${address} + ${4 * registers.length} | 0`);
  return true;
}

function push(opcode, at) {
  const registers = listed(opcode);
  const all = opcode & 0x100 ? [...registers, 14] : registers;
  const address = at.temp(`${at.reg(13)} - ${4 * all.length} | 0`);
  storeMany(at, all, address);
  at.cycles -= all.length - registers.length; // as rp2040js counts
  at.set(13, address);
}

function pop(opcode, at) {
  const registers = listed(opcode);
  const address = at.temp(at.reg(13));
  loadMany(at, registers, address);
  const after = `${address} + ${4 * registers.length}`;
  if (opcode & 0x100) {
    const target = at.temp(at.load('word', `${after} | 0`));
    at.cycles += 2;
    at.set(13, `${after} + 4 | 0`);
    at.exitExchange(target);
  } else {
    at.set(13, `${after} | 0`);
  }
}

// Branches.

const CONDITIONS = [
  [['nz'], 'nz === 0'],
  [['nz'], 'nz !== 0'],
  [['cf'], 'cf !== 0'],
  [['cf'], 'cf === 0'],
  [['nz'], 'nz < 0'],
  [['nz'], 'nz >= 0'],
  [['vf'], 'vf !== 0'],
  [['vf'], 'vf === 0'],
  [['cf', 'nz'], 'cf !== 0 && nz !== 0'],
  [['cf', 'nz'], 'cf === 0 || nz === 0'],
  [['nz', 'vf'], '(nz >>> 31) === vf'],
  [['nz', 'vf'], '(nz >>> 31) !== vf'],
  [['nz', 'vf'], 'nz !== 0 && (nz >>> 31) === vf'],
  [['nz', 'vf'], 'nz === 0 || (nz >>> 31) !== vf'],
];

function branchIf(opcode, at) {
  const condition = CONDITIONS[(opcode >> 8) & 15];
  if (!condition) return false; // SVC, UDF
  condition[0].forEach((name) => at.flag(name));
  at.exitIf(condition[1], at.pc + 4 + 2 * signed(opcode, 8));
  return true;
}

function branch(opcode, at) {
  at.cycles++;
  at.follow(at.pc + 4 + 2 * signed(opcode, 11));
}

function wide(opcode, at) {
  const second = at.peek(at.pc + 2);
  if (opcode === 0xf3bf && [0x8f40, 0x8f50, 0x8f60].includes(second & 0xfff0)) {
    at.cycles += 2; // DSB, DMB, ISB
    at.next = at.pc + 4;
    return true;
  }
  if ((opcode & 0xf800) !== 0xf000 || (second & 0xd000) !== 0xd000) return false;
  const sign = (opcode >> 10) & 1;
  const high =
    ((((second >> 13) ^ sign ^ 1) & 1) << 22) | ((((second >> 11) ^ sign ^ 1) & 1) << 21);
  const distance = signed((sign << 23) | high | ((opcode & 0x3ff) << 11) | (second & 0x7ff), 24);
  at.cycles += 2;
  at.set(14, `${(at.pc + 4) | 1}`);
  at.link = at.pc + 4;
  at.follow(at.pc + 4 + 2 * distance);
  return true;
}

// [mask, value, emit]; emit returns false for what it leaves to rp2040js.
const INSTRUCTIONS = [
  [0xf800, 0x0000, (op, at) => shiftByNumber(at, op, 'lsl')],
  [0xf800, 0x0800, (op, at) => shiftByNumber(at, op, 'lsr')],
  [0xf800, 0x1000, (op, at) => shiftByNumber(at, op, 'asr')],
  [0xfe00, 0x1800, (op, at) => add(at, low(op, 0), at.reg(low(op, 3)), at.reg(low(op, 6)))],
  [0xfe00, 0x1a00, (op, at) => subtract(at, low(op, 0), at.reg(low(op, 3)), at.reg(low(op, 6)))],
  [0xfe00, 0x1c00, (op, at) => add(at, low(op, 0), at.reg(low(op, 3)), `${low(op, 6)}`)],
  [0xfe00, 0x1e00, (op, at) => subtract(at, low(op, 0), at.reg(low(op, 3)), `${low(op, 6)}`)],
  [0xf800, 0x2000, (op, at) => result(at, low(op, 8), `${op & 255}`)],
  [0xf800, 0x2800, (op, at) => subtract(at, null, at.reg(low(op, 8)), `${op & 255}`)],
  [0xf800, 0x3000, (op, at) => add(at, low(op, 8), at.reg(low(op, 8)), `${op & 255}`)],
  [0xf800, 0x3800, (op, at) => subtract(at, low(op, 8), at.reg(low(op, 8)), `${op & 255}`)],
  [0xfc00, 0x4000, (op, at) => BINARY[(op >> 6) & 15](at, low(op, 0), low(op, 3))],
  [0xff00, 0x4400, addHigh],
  [
    0xff00,
    0x4500,
    (op, at) => subtract(at, null, at.reg(low(op, 0) | ((op >> 4) & 8)), at.reg((op >> 3) & 15)),
  ],
  [0xff00, 0x4600, (op, at) => moved(at, low(op, 0) | ((op >> 4) & 8), at.reg((op >> 3) & 15))],
  [0xff00, 0x4700, branchExchange],
  [0xf800, 0x4800, (op, at) => load(at, low(op, 8), 4, `${((at.pc + 4) & -4) + 4 * (op & 255)}`)],
  [
    0xf000,
    0x5000,
    (op, at) =>
      INDEXED[low(op, 9)](at, low(op, 0), `${at.reg(low(op, 3))} + ${at.reg(low(op, 6))} | 0`),
  ],
  [0xf000, 0x6000, (op, at) => offset(op, at, 4, op & 0x800)],
  [0xf000, 0x7000, (op, at) => offset(op, at, 1, op & 0x800)],
  [0xf000, 0x8000, (op, at) => offset(op, at, 2, op & 0x800)],
  [0xf800, 0x9000, (op, at) => store(at, low(op, 8), 4, `${at.reg(13)} + ${4 * (op & 255)} | 0`)],
  [0xf800, 0x9800, (op, at) => load(at, low(op, 8), 4, `${at.reg(13)} + ${4 * (op & 255)} | 0`)],
  [0xf800, 0xa000, (op, at) => at.set(low(op, 8), `${((at.pc + 4) & -4) + 4 * (op & 255)}`)],
  [0xf800, 0xa800, (op, at) => at.set(low(op, 8), `${at.reg(13)} + ${4 * (op & 255)} | 0`)],
  [0xff80, 0xb000, (op, at) => at.set(13, `${at.reg(13)} + ${4 * (op & 127)} | 0`)],
  [0xff80, 0xb080, (op, at) => at.set(13, `${at.reg(13)} - ${4 * (op & 127)} | 0`)],
  [0xff00, 0xb200, (op, at) => at.set(low(op, 0), WIDEN[(op >> 6) & 3](at.reg(low(op, 3))))],
  [0xfe00, 0xb400, push],
  [0xffc0, 0xba80, () => false],
  [0xff00, 0xba00, (op, at) => at.set(low(op, 0), REVERSE[(op >> 6) & 3](at.reg(low(op, 3))))],
  [0xfe00, 0xbc00, pop],
  [0xffff, 0xbf00, () => {}],
  [0xf000, 0xc000, multiple],
  [0xf000, 0xd000, branchIf],
  [0xf800, 0xe000, branch],
  [0xf800, 0xf000, wide],
];

const TABLE = new Array(1024).fill(null);
for (let top = 0; top < 1024; top++) {
  TABLE[top] = INSTRUCTIONS.filter(
    ([mask, value]) => ((top << 6) & mask & 0xffc0) === (value & 0xffc0),
  );
}

// Adds the instruction at `at.pc` to the trace. False: nothing was added.
export function emit(opcode, at) {
  const found = TABLE[opcode >> 6].find(([mask, value]) => (opcode & mask) === value);
  return found !== undefined && found[2](opcode, at) !== false;
}
