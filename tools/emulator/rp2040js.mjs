// rp2040js out of the folder into which npm installed it (EMULATOR_MODULES), which is not a parent
// of this one.

import { createRequire } from 'node:module';

const require = createRequire(`${process.env.EMULATOR_MODULES}/`);

export const { GPIOPinState, RP2040, USBCDC } = require('rp2040js');
