// What /api/openapi.json says is what the server does: every operation is asked for, and each answer is held against
// its description.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { PROGRAM, pattern, plainPicture, scratch, startControlsServer, startServer, waitUntil } from './harness.mjs';

const PASSWORD = 'correct horse';
const TOKEN = 'grafana-0123456789abcdefghijKLMN';
const KEY = 'pusher-0123456789abcdefghijKLMN';
const JSON_BODY = { 'Content-Type': 'application/json' };
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const PAGE = { Accept: 'text/html' };
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };

// `open`: without users; `closed`: with some; `controls`: a camera whose controls are made up; `quiet`: one that nobody
// watches.
const servers = {};
let description, ajv, picture, eventPicture;

before(async () => {
  picture = readFileSync(plainPicture('red'));
  const password = execFileSync(PROGRAM, ['--hash-password'], { input: `${PASSWORD}\n` }).toString().trim();
  const cameras = [
    pattern('a', {}, { on_demand: false, motion: {}, variants: { thumb: { width: 160 } } }),
    { id: 'pushed', source: { type: 'push', key: KEY } },
  ];
  const gone = { id: 'gone', source: { type: 'emulated', files: ['gone.jpg'], fps: 1 }, on_demand: false };
  servers.open = await startServer({ cameras });
  servers.closed = await startServer({
    server: { base_path: '/cams' },
    cameras: [...cameras, gone],
    users: [{ name: 'anna', password, rights: 'admin' }],
    tokens: [{ name: 'grafana', token: TOKEN, rights: 'admin' }],
  });
  servers.quiet = await startServer({ cameras: [pattern('a')] });
  servers.controls = await startControlsServer();
  const path = mkdtempSync(join(scratch, 'recordings-'));
  writeFileSync(join(path, '.framebroker-recordings'), '');
  servers.recorded = await startServer({ recording: { path }, cameras: [pattern('a', {}, { record: { mode: 'always' } })] });
  description = JSON.parse((await ask('open', 'get', '/api/openapi.json')).body);
  ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  ajv.addSchema(description, 'openapi');
  const isOffline = async () => (await ask('closed', 'get', '/readyz', AUTHORIZED)).body.includes('offline');
  await waitUntil(isOffline, 'a camera to be offline');
  eventPicture = await firstEventPicture();
  const isRecorded = async () => (await ask('recorded', 'get', `/camera/a/clip?${lately()}&format=mjpeg`)).status === 200;
  await waitUntil(isRecorded, 'a recording');
});
after(async () => {
  for (const server of Object.values(servers)) await server.stop();
});

// The last hour, as a query.
function lately() {
  const now = Date.now();
  return `from=${new Date(now - 3600000).toISOString()}&to=${new Date(now).toISOString()}`;
}

// The picture of the first event of motion, from the stream of events.
async function firstEventPicture() {
  const { body } = await fetch(`${servers.open.url}/api/events?cameras=a`);
  let text = '';
  for await (const piece of body) {
    text += Buffer.from(piece);
    const found = text.match(/"snapshot":"([^"]+)"/);
    if (found !== null) return found[1];
  }
  throw new Error('the stream of events ended');
}

// The status, headers and body of an answer; an endless one is left after its first bytes.
function ask(server, method, path, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const options = { method: method.toUpperCase(), headers };
    const asking = request(`${servers[server].url}${path}`, options, (answer) => {
      const chunks = [];
      const finish = () => resolve({
        status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString('latin1'),
      });
      answer.on('data', (chunk) => {
        chunks.push(chunk);
        const isEndless = !('content-length' in answer.headers) && answer.headers['content-type'] !== 'application/json';
        if (isEndless) {
          finish();
          asking.destroy();
        }
      });
      answer.on('end', finish);
      answer.on('error', () => {});
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

// ---- The description ----

const pointerOf = (...names) => names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

// Follows a reference: the object, and where it stands.
function resolve(object, pointer) {
  const target = object?.$ref?.slice(1);
  if (target === undefined) return [object, pointer];
  return [target.split('/').slice(1).reduce((parent, name) => parent[name], description), target];
}

function assertValid(value, pointer, what) {
  const validate = ajv.compile({ $ref: `openapi#${pointer}` });
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 500)}`);
}

function responseOf(path, method, status) {
  const { responses } = description.paths[path][method];
  const name = String(status) in responses ? String(status) : 'default';
  assert.ok(name !== 'default' || status >= 400, `${method} ${path} does not say that it answers ${status}`);
  return resolve(responses[name], pointerOf('paths', path, method, 'responses', name));
}

function checkHeaders(answer, headers, pointer, what) {
  for (const [name, reference] of Object.entries(headers ?? {})) {
    const [header, at] = resolve(reference, `${pointer}${pointerOf(name)}`);
    const value = answer.headers[name.toLowerCase()];
    assert.ok(value !== undefined || !header.required, `${what} lacks ${name}`);
    if (value !== undefined) assertValid(value, `${at}/schema`, `${what}, ${name}`);
  }
}

function checkBody(answer, content, pointer, what) {
  const type = answer.headers['content-type']?.split(';')[0];
  if (content === undefined) {
    assert.equal(answer.body, '', `${what} has a body`);
    return;
  }
  assert.ok(type in content, `${what} is of type ${type}`);
  if (type === 'application/json') {
    assertValid(JSON.parse(answer.body), `${pointer}${pointerOf(type, 'schema')}`, what);
  }
}

function check(answer, path, method, what) {
  const [response, pointer] = responseOf(path, method, answer.status);
  checkHeaders(answer, response.headers, `${pointer}/headers`, what);
  checkBody(answer, response.content, `${pointer}/content`, what);
  // What the description says of errors in words.
  if (answer.status === 401) assert.ok(answer.headers['www-authenticate'], what);
  if ([429, 503].includes(answer.status)) assert.match(answer.headers['retry-after'], /^\d+$/, what);
}

// ---- Every operation ----

// [operation, status, path, headers, body, server]
const cases = [
  ['get /', 200, '/'],
  ['get /', 200, '/?action=snapshot'],
  ['get /', 200, '/?action=stream_0'],
  ['get /', 400, '/?action=dance'],
  ['get /', 404, '/?action=snapshot_9'],
  ['get /', 303, '/', PAGE, undefined, 'closed'],
  ['get /', 401, '/', {}, undefined, 'closed'],
  ['get /camera/{camera}', 200, '/camera/a'],
  ['get /camera/{camera}', 404, '/camera/nobody'],
  ['get /camera/{camera}', 303, '/camera/a', PAGE, undefined, 'closed'],
  ['get /status', 200, '/status'],
  ['get /status', 403, '/status', { Host: 'rebound.example' }],
  ['get /camera/{camera}/video_feed', 200, '/camera/1/video_feed?fps=5&width=160'],
  ['get /camera/{camera}/video_feed', 200, '/camera/a/video_feed?variant=thumb'],
  ['get /camera/{camera}/video_feed', 400, '/camera/a/video_feed?fps=0'],
  ['get /camera/{camera}/video_feed', 404, '/camera/a/video_feed?variant=none'],
  ['get /camera/{camera}/video_feed', 401, '/camera/a/video_feed?token=forged', {}, undefined, 'closed'],
  ['get /video_feed', 200, '/video_feed'],
  ['get /stream', 200, '/stream'],
  ['get /camera/{camera}/snapshot', 200, '/camera/a/snapshot'],
  ['get /camera/{camera}/snapshot', 200, '/camera/gone/snapshot', AUTHORIZED, undefined, 'closed'],
  ['get /camera/{camera}/snapshot', 304, '/camera/a/snapshot', { 'If-None-Match': '*' }],
  ['get /camera/{camera}/snapshot', 400, '/camera/a/snapshot?max_age_ms=x'],
  ['get /camera/{camera}/snapshot', 503, '/camera/gone/snapshot?max_age_ms=0', AUTHORIZED, undefined, 'closed'],
  ['get /camera/{camera}/events/{file}', 200, () => eventPicture],
  ['get /camera/{camera}/events/{file}', 304, () => eventPicture, { 'If-None-Match': '*' }],
  ['get /camera/{camera}/events/{file}', 404, '/camera/a/events/1.jpg'],
  ['get /snapshot', 200, '/snapshot?quality=50'],
  ['post /camera/{camera}/frame', 204, '/camera/pushed/frame', { Authorization: `Bearer ${KEY}` }, () => picture],
  ['put /camera/{camera}/frame', 204, '/camera/pushed/frame', { Authorization: `Bearer ${KEY}` }, () => picture],
  ['put /camera/{camera}/frame', 400, '/camera/pushed/frame', { Authorization: `Bearer ${KEY}` }, 'no picture'],
  ['post /camera/{camera}/frame', 400, '/camera/pushed/frame', { Authorization: `Bearer ${KEY}` }, 'no picture'],
  ['post /camera/{camera}/frame', 401, '/camera/pushed/frame', {}, () => picture],
  ['post /camera/{camera}/frame', 404, '/camera/a/frame', {}, () => picture],
  ['post /camera/{camera}/ingest', 204, '/camera/pushed/ingest',
    { Authorization: `Bearer ${KEY}`, 'Content-Type': 'multipart/x-mixed-replace; boundary=b' },
    () => Buffer.concat([Buffer.from('--b\r\nContent-Type: image/jpeg\r\n\r\n'), picture, Buffer.from('\r\n--b--\r\n')])],
  ['post /camera/{camera}/ingest', 401, '/camera/pushed/ingest', {}, ''],
  ['get /feed', 200, '/feed?cameras=a,2'],
  ['get /feed', 400, '/feed?cameras='],
  ['get /feed', 404, '/feed?cameras=a,nobody'],
  ['get /api/status', 200, '/api/status'],
  ['get /api/status', 200, '/cams/api/status', AUTHORIZED, undefined, 'closed'],
  ['get /api/status', 401, '/api/status', {}, undefined, 'closed'],
  ['get /api/status', 401, '/api/status', { Authorization: 'Bearer wrong' }, undefined, 'closed'],
  ['get /api/cluster', 200, '/api/cluster'],
  ['get /api/cluster', 401, '/api/cluster', {}, undefined, 'closed'],
  ['get /api/cameras', 200, '/api/cameras'],
  ['get /api/cameras', 200, '/api/cameras?brief=1'],
  ['get /api/cameras', 400, '/api/cameras?brief=2'],
  ['get /api/cameras/{camera}', 200, '/api/cameras/pushed'],
  ['get /api/cameras/{camera}', 200, '/api/cameras/gone', AUTHORIZED, undefined, 'closed'],
  ['get /api/cameras/{camera}', 404, '/api/cameras/9'],
  ['get /api/events', 200, '/api/events?cameras=a'],
  ['get /api/events', 404, '/api/events?cameras=nobody'],
  ['get /api/cameras/{camera}/controls', 200, '/api/cameras/a/controls', {}, undefined, 'controls'],
  ['get /api/cameras/{camera}/controls', 404, '/api/cameras/a/controls'],
  ['put /api/cameras/{camera}/controls', 200, '/api/cameras/a/controls', JSON_BODY, '{"brightness": 10}', 'controls'],
  ['put /api/cameras/{camera}/controls', 400, '/api/cameras/a/controls', JSON_BODY, '{"none": 10}', 'controls'],
  ['put /api/cameras/{camera}/controls', 400, '/api/cameras/a/controls', JSON_BODY, 'x', 'controls'],
  ['put /api/cameras/{camera}/controls', 403, '/api/cameras/a/controls', { Origin: 'https://evil.example' }, '{}'],
  ['put /api/cameras/{camera}/controls', 413, '/api/cameras/a/controls', JSON_BODY, ' '.repeat(5000), 'controls'],
  ['get /api/cameras/{camera}/privacy_masks', 200, '/api/cameras/a/privacy_masks'],
  ['get /api/cameras/{camera}/motion', 200, '/api/cameras/a/motion'],
  ['get /api/cameras/{camera}/motion', 404, '/api/cameras/pushed/motion'],
  ['put /api/cameras/{camera}/motion', 200, '/api/cameras/a/motion', JSON_BODY, '{"active": true}'],
  ['put /api/cameras/{camera}/motion', 400, '/api/cameras/a/motion', JSON_BODY, '{"active": 1}'],
  ['put /api/cameras/{camera}/motion', 403, '/api/cameras/a/motion', { Origin: 'https://evil.example' }, '{}'],
  ['put /api/cameras/{camera}/motion', 413, '/api/cameras/a/motion', JSON_BODY, ' '.repeat(5000)],
  ['post /api/reload', 200, '/api/reload', {}, ''],
  ['post /api/reload', 401, '/api/reload', {}, '', 'closed'],
  ['post /api/tokens', 201, '/api/tokens', { ...AUTHORIZED, ...JSON_BODY }, '{"camera": "a", "expires_in_s": 60}', 'closed'],
  ['post /api/tokens', 400, '/api/tokens', { ...AUTHORIZED, ...JSON_BODY }, '{"camera": "a"}', 'closed'],
  ['post /api/tokens', 404, '/api/tokens', { ...AUTHORIZED, ...JSON_BODY }, '{"camera": "b", "expires_in_s": 60}', 'closed'],
  ['get /camera/{camera}/clip', 200, () => `/camera/a/clip?${lately()}&format=mjpeg`, {}, undefined, 'recorded'],
  ['get /camera/{camera}/clip', 400, '/camera/a/clip?from=1', {}, undefined, 'recorded'],
  ['get /camera/{camera}/clip', 404, '/camera/a/clip?from=1&to=2', {}, undefined, 'recorded'],
  ['get /api/history', 200, '/api/history?limit=3', {}, undefined, 'recorded'],
  ['get /api/history', 200, '/api/history?format=csv', {}, undefined, 'recorded'],
  ['get /api/history', 400, '/api/history?format=xml', {}, undefined, 'recorded'],
  ['get /api/history', 404, '/api/history?node=site-a', {}, undefined, 'recorded'],
  ['get /api/history', 400, '/api/history?node=A', {}, undefined, 'recorded'],
  ['get /api/history', 404, '/api/history'],
  ['get /history', 200, '/history', {}, undefined, 'recorded'],
  ['get /recordings', 200, '/recordings', {}, undefined, 'recorded'],
  ['get /recordings', 404, '/recordings'],
  ['get /api/recordings', 200, '/api/recordings', {}, undefined, 'recorded'],
  ['get /api/recordings', 404, '/api/recordings?camera=nobody', {}, undefined, 'recorded'],
  ['post /api/recordings/protect', 200, () => `/api/recordings/protect?camera=a&${lately()}`, {}, '', 'recorded'],
  ['post /api/recordings/protect', 400, '/api/recordings/protect?camera=a', {}, '', 'recorded'],
  ['delete /api/recordings/protect', 200, () => `/api/recordings/protect?camera=a&${lately()}`, {}, undefined, 'recorded'],
  ['delete /api/recordings', 200, '/api/recordings?camera=a&from=1&to=2', {}, undefined, 'recorded'],
  ['delete /api/recordings', 400, '/api/recordings', {}, undefined, 'recorded'],
  ['get /api/openapi.json', 200, '/api/openapi.json'],
  ['get /healthz', 200, '/healthz'],
  ['get /healthz', 200, '/healthz', {}, undefined, 'closed'],
  ['get /readyz', 200, '/readyz', {}, undefined, 'quiet'],
  ['get /readyz', 503, '/readyz', AUTHORIZED, undefined, 'closed'],
  ['get /readyz', 503, '/readyz', {}, undefined, 'closed'],
  ['get /metrics', 200, '/metrics'],
  ['get /metrics', 200, '/metrics', AUTHORIZED, undefined, 'closed'],
  ['get /metrics', 401, '/metrics', {}, undefined, 'closed'],
  ['get /assets/{file}', 200, '/assets/page.css'],
  ['get /assets/{file}', 200, '/assets/favicon.svg'],
  ['get /assets/{file}', 200, '/assets/wall.js'],
  ['get /assets/{file}', 404, '/assets/none.js'],
  ['get /login', 200, '/login', {}, undefined, 'closed'],
  ['get /login', 303, '/login'],
  ['post /login', 403, '/login', FORM, 'name=anna&password=wrong', 'closed'],
  ['post /login', 303, '/login', FORM, `name=anna&password=${encodeURIComponent(PASSWORD)}`, 'closed'],
  ['post /logout', 303, '/logout', {}, '', 'closed'],
];

test('the description is one of OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(description));
  assert.ok(result.valid, JSON.stringify(result.errors)?.slice(0, 2000));
  assert.match(description.info.version, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(description.servers, [{ url: '/' }]);
  const behind = await ask('closed', 'get', '/cams/api/openapi.json', AUTHORIZED);
  assert.deepEqual(JSON.parse(behind.body).servers, [{ url: '/cams' }]);
});

test('every operation answers as it is described', async () => {
  for (const [operation, status, where, headers = {}, body = undefined, server = 'open'] of cases) {
    const [method, template] = operation.split(' ');
    const path = where instanceof Function ? where() : where;
    const answer = await ask(server, method, path, headers, body instanceof Function ? body() : body);
    const what = `${operation}: ${path}`;
    assert.equal(answer.status, status, `${what}: ${answer.body.slice(0, 300)}`);
    check(answer, template, method, what);
  }
});

test('HEAD is as GET, without the body', async () => {
  for (const [operation, status, where, headers = {}, , server = 'open'] of cases) {
    const [method] = operation.split(' ');
    const path = where instanceof Function ? where() : where;
    if (method !== 'get' || status === 503) continue;
    const answer = await ask(server, 'head', path, headers);
    assert.equal(answer.status, status, path);
    assert.equal(answer.body, '', path);
  }
});

test('every operation is asked for, and there are no other methods', async () => {
  const asked = new Set(cases.filter(([, status]) => status < 400).map(([operation]) => operation));
  for (const [path, item] of Object.entries(description.paths)) {
    const methods = Object.keys(item).filter((name) => name !== 'parameters');
    for (const method of methods) assert.ok(asked.has(`${method} ${path}`), `${method} ${path} is not asked for`);
    const answer = await ask('open', 'options', path.replace('{camera}', 'a').replace('{file}', 'page.css'));
    assert.equal(answer.status, 405, path);
    const allowed = methods.flatMap((name) => (name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()]));
    assert.deepEqual(answer.headers.allow.split(', ').sort(), allowed.sort(), path);
    check(answer, path, methods[0], `options ${path}`);
  }
});
