// What is published: its size, its types, and that it installs into a fresh project and works there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { startServer } from './server.mjs';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const tools = createRequire(path.resolve(root, '../../tests/Engine.Interop.Tests/node/package.json'));
let folder;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'engine-topics-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${JSON.parse(stdout)[0].filename}`], { cwd: folder });
});
after(() => rm(folder, { recursive: true }));

async function sizeOf(entry) {
  const { build } = tools('esbuild');
  const { outputFiles } = await build({ stdin: { contents: `export * from '${entry}'`, resolveDir: folder }, bundle: true, minify: true, format: 'esm', write: false });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

test('the core is at most 6 KB, bundled and gzipped', async (t) => {
  const [core, all] = [await sizeOf('engine-topics/core'), await sizeOf('engine-topics')];
  t.diagnostic(`core ${core} bytes, with tabs ${all} bytes`);
  assert.ok(core <= 6_144, `${core}`);
  assert.ok(all <= 7_168, `${all}`);
});

test('its types compile strictly, and refuse what is wrong', async () => {
  const config = { compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable', 'dom'], types: [] }, files: ['types.ts'] };
  await cp(path.join(here, 'types.ts'), path.join(folder, 'types.ts'));
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(path.dirname(tools.resolve('typescript/package.json')), 'bin/tsc');
  await run(process.execPath, [compiler, '-p', folder]).catch((error) => assert.fail(error.stdout));
});

test('it installs into a fresh project and works there, without a WebSocket class', async () => {
  const server = await startServer();
  try {
    await writeFile(path.join(folder, 'main.js'), `
      import { TopicClient } from 'engine-topics';
      const client = new TopicClient(process.argv[2]);
      const heard = client.subscribe('s.fresh', { last: 1 });
      await client.publish('s.fresh', { hello: 'world' });
      for await (const message of heard) {
        console.log(JSON.stringify(message.data));
        break;
      }
      client.close();
    `);
    const { stdout } = await run(process.execPath, ['main.js', server.url], { cwd: folder, timeout: 20_000 });
    assert.equal(stdout, '{"hello":"world"}\n');
  } finally {
    await server.stop();
  }
});

test('it has no dependencies and nothing but its sources', async () => {
  const manifest = JSON.parse(await readFile(path.join(folder, 'node_modules/engine-topics/package.json'), 'utf8'));
  assert.equal(manifest.dependencies, undefined);
});
