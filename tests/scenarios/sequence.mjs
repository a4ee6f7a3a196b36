import assert from "node:assert/strict";

// Among the lines, "NAME from" to "NAME to" are there once each and in order.
export function assertSequence(lines, name, from, to) {
  const numbers = lines.filter((line) => line.startsWith(`${name} `)).map((line) => Number(line.slice(name.length + 1)));
  assert.equal(numbers.length, to - from + 1, `${name}: ${numbers.length} lines`);
  numbers.forEach((number, index) => assert.equal(number, from + index));
}
