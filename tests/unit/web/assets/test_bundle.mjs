// The modules of a page as one file: what the build serves in place of the script.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BUNDLER = fileURLToPath(new URL('../../../../web/assets/bundle.awk', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'framebroker-'));
after(() => rmSync(folder, { recursive: true }));

function bundle(files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return spawnSync('awk', ['-f', BUNDLER, join(folder, Object.keys(files)[0])], { encoding: 'utf8' });
}

const run = async (text) => import(`data:text/javascript,${encodeURIComponent(text)}`);

test('modules run once, in order, with names of their own', async () => {
  const { stdout } = bundle({
    'page.js': `
import { count, next as following } from './a.js';
import {
  Thing,
  later,
} from './b.js';
const own = 1;
globalThis.result = [own, count, following(), new Thing().own, await_(later)];
function await_(f) { return f instanceof Function; }
`,
    'a.js': "export const count = 2;\nconst own = 3;\nexport function next() { return own; }\n",
    'b.js': "import { next } from './a.js';\nconst own = 4 + next();\n"
      + "export class Thing { own = own; }\nexport async function later() {}\n",
  });
  await run(stdout);
  assert.deepEqual(globalThis.result, [1, 2, 3, 7, true]);
  assert.equal(stdout.match(/\$a_js = /g).length, 1);
});

test('comments and indentation are left out', () => {
  const { stdout } = bundle({ 'page.js': "// Above.\nif (true) {\n  // Within.\n  f(); // Behind.\n}\n" });
  assert.ok(stdout.includes('if (true) {\nf(); // Behind.\n}\n'), stdout);
});

for (const [what, files, message] of [
  ['a circle', { 'page.js': "import { a } from './a.js';\n", 'a.js': "import { b } from './page.js';\n" },
    'page.js: imports itself'],
  ['a default export', { 'page.js': 'export default 1;\n' }, 'page.js: cannot bundle: default 1;'],
  ['another import', { 'page.js': "import * as a from './a.js';\n" }, 'page.js: cannot bundle: import'],
  ['a text of two lines', { 'page.js': 'const a = `\n`;\n' }, 'page.js: cannot bundle: const a'],
  ['a missing module', { 'page.js': "import { a } from './missing.js';\n" }, 'missing.js: cannot be read'],
]) {
  test(`${what} ends the build`, () => {
    const { status, stderr } = bundle(files);
    assert.equal(status, 1);
    assert.ok(stderr.includes(message), stderr);
  });
}
