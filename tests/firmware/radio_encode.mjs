// What the model of the radio encodes, for a test in another language to decode.
//
//     node radio_encode.mjs MODEL NAME JSON      MODEL: the folder tools/emulator/radio
//
// Calls the function of that name of protocol.mjs with the arguments in the JSON; prints hexadecimal.

const [model, name, given] = process.argv.slice(2);
const protocol = await import(`${model}/protocol.mjs`);
const made = protocol[name](...JSON.parse(given));
console.log(Buffer.from(made).toString('hex'));
