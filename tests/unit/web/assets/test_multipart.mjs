// The parser of the feed: whatever the pieces that a stream comes in, the same parts come out.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { boundaryOf, MultipartParser } from '../../../../web/assets/multipart.js';

const bytes = (text) => new Uint8Array(Buffer.from(text, 'latin1'));

function part(body, headers = {}) {
  const lines = Object.entries({ 'Content-Type': 'image/jpeg', 'Content-Length': body.length, ...headers });
  return `${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}\r\n--T\r\n`;
}

const STREAM = `--T\r\n${part('first', { 'X-Camera-Id': 'a' })}${part('--T\r\n\r\n--T', { 'X-Camera-Id': 'b' })}`;

function parse(stream, sizes = [stream.length]) {
  const parser = new MultipartParser('T');
  const parts = [];
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length];
    parts.push(...parser.push(stream.subarray(at, at + size)));
    at += size;
  }
  return parts.map(({ headers, body }) => [headers.get('x-camera-id'), Buffer.from(body).toString('latin1')]);
}

test('parts come out with their headers, also when a body looks like a delimiter', () => {
  assert.deepEqual(parse(bytes(STREAM)), [['a', 'first'], ['b', '--T\r\n\r\n--T']]);
});

test('pieces may end anywhere', () => {
  const whole = parse(bytes(STREAM));
  for (let size = 1; size < STREAM.length; size++) assert.deepEqual(parse(bytes(STREAM), [size]), whole, `by ${size}`);
  assert.deepEqual(parse(bytes(STREAM), [1, 7, 2, 31]), whole);
});

test('a part comes out with its last byte, before the delimiter that follows', () => {
  const end = STREAM.indexOf('first') + 'first'.length;
  assert.deepEqual(parse(bytes(STREAM.slice(0, end))), [['a', 'first']]);
  assert.deepEqual(parse(bytes(STREAM.slice(0, end - 1))), []);
});

test('a body keeps every byte', () => {
  const all = String.fromCharCode(...Array(256).keys());
  assert.deepEqual(parse(bytes(`--T\r\n${part(all)}`), [100]), [[undefined, all]]);
});

test('what stands before the first delimiter is passed over', () => {
  assert.deepEqual(parse(bytes(`preamble\r\n\r\n${STREAM}`)).length, 2);
});

test('header names are matched in any case, and values are trimmed', () => {
  const [{ headers }] = new MultipartParser('T').push(bytes('--T\nCONTENT-length:  1 \nX-State:a:b\n\nx'));
  assert.equal(headers.get('content-length'), '1');
  assert.equal(headers.get('x-state'), 'a:b');
});

test('a part without a usable length is refused', () => {
  for (const length of ['', 'x', '-1', '0', '1e3', '99999999999']) {
    assert.throws(() => parse(bytes(`--T\r\nContent-Length: ${length}\r\n\r\nbody`)), /Content-Length/, length);
  }
});

test('headers without end are refused', () => {
  assert.throws(() => parse(bytes(`--T\r\n${'x'.repeat(5000)}`), [64]), /too long/);
  assert.throws(() => parse(bytes(`--T\r\n${'a: b\r\n'.repeat(10)}no colon\r\n`)), /malformed/);
  const names = Array.from({ length: 100 }, (_, index) => `n${index}: x\r\n`).join('');
  assert.throws(() => parse(bytes(`--T\r\n${names}`)), /malformed/);
});

test('the boundary is read from the type', () => {
  assert.equal(boundaryOf('multipart/x-mixed-replace;boundary=T1'), 'T1');
  assert.equal(boundaryOf('Multipart/X-Mixed-Replace; Boundary="a b"'), 'a b');
  for (const type of [null, 'image/jpeg', 'multipart/mixed']) assert.throws(() => boundaryOf(type), /not a stream/);
});
