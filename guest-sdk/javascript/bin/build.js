// From a module to a component: bundle, source map, QuickJS.

import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { originalStack } from '../src/stack.js';
import { placesOf } from './source-map.js';

const SDK = dirname(dirname(fileURLToPath(import.meta.url)));

/** What stops a build and is the author's to mend. */
export class BuildError extends Error {}

/** Makes the component of a module. */
export async function build({ entry, output, wit }) {
  if (!(await isFile(entry))) {
    throw new BuildError(`there is no module ${entry}`);
  }
  const { componentize } = await load('componentize-qjs');
  const folder = await mkdtemp(join(tmpdir(), 'hap-guest-'));
  try {
    const witPath = join(folder, 'wit');
    await cp(join(SDK, 'wit'), witPath, { recursive: true, filter: (path) => !path.endsWith('.md') });
    await cp(wit, join(witPath, 'deps', 'hap-agent'), { recursive: true });
    const { jsSource, places } = await bundle(entry);
    globalThis.__hap_source_map = places;
    const jsPath = join(folder, 'agent.bundle.js');
    await writeFile(jsPath, jsSource);
    let component;
    try {
      ({ component } = await componentize({ witPath, world: 'guest', jsSource, jsPath, moduleRoot: folder, sync: true }));
    } catch (error) {
      // Modules are run once while the component is made.
      const reason = error.message.replace(/^(: )?Failed to evaluate.*evaluation: (?=\w)/, '');
      throw new BuildError(`${entry} could not be loaded: ${originalStack(reason)}`);
    }
    await mkdir(dirname(resolve(output)), { recursive: true });
    await writeFile(output, component);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// A package that this one depends on. Where this one is a link to a folder, npm may have installed it in the project.
async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') {
      throw error;
    }
  }
  let path;
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    throw new BuildError(`${name} is missing: npm install`);
  }
  return import(pathToFileURL(path));
}

async function bundle(entry) {
  const esbuild = await load('esbuild');
  const contents = `
    import ${JSON.stringify(join(SDK, 'src/component/globals.js'))};
    import * as module from ${JSON.stringify(resolve(entry))};
    import { component } from ${JSON.stringify(join(SDK, 'src/component/entry.js'))};
    export const agent = component(module);
  `;
  let result;
  try {
    result = await esbuild.build({
      stdin: { contents, resolveDir: process.cwd(), sourcefile: 'entry.js' },
      bundle: true,
      write: false,
      outfile: 'agent.bundle.js',
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'module', 'default'],
      target: 'es2023',
      // Its promises are this package's: see src/component/promise.js.
      supported: { 'async-await': false, 'async-generator': false, 'for-await': false },
      external: ['hap:*', 'wasi:*'],
      // The SDK and nothing else, also where two copies of it could be found.
      alias: { 'hap-guest': join(SDK, 'index.js') },
      define: { 'process.env.NODE_ENV': '"production"' },
      sourcemap: 'external',
      sourcesContent: false,
      logLevel: 'silent',
    });
  } catch (error) {
    // esbuild's notes are about programs for Node.
    const messages = (error.errors ?? []).map((message) => ({ ...message, notes: [] }));
    if (messages.length === 0) {
      throw error;
    }
    const lines = await esbuild.formatMessages(messages, { kind: 'error' });
    const hint = messages.some(({ text }) => /resolve "(node:|[a-z_]+")/.test(text))
      ? 'hint: an agent has no modules of Node: use a package that does without, or install the one that is missing\n'
      : '';
    throw new BuildError(`${entry} could not be bundled\n${lines.join('\n')}${hint}`);
  }
  const text = (name) => result.outputFiles.find((file) => file.path.endsWith(name)).text;
  const places = placesOf(JSON.parse(text('.map')), sourceName);
  const jsSource = `${text('agent.bundle.js')}\n;globalThis.__hap_source_map = ${JSON.stringify(places)};\n`;
  return { jsSource, places };
}

// The name of a source in a stack; null for the files of this package, whose frames nobody needs.
function sourceName(source) {
  const path = resolve(source);
  const isOurs = path === resolve('entry.js') || path === join(SDK, 'index.js') || path.startsWith(join(SDK, 'src') + sep);
  return isOurs ? null : relative(process.cwd(), path).replaceAll(sep, '/');
}

async function isFile(path) {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
