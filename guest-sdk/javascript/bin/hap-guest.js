#!/usr/bin/env node
// `hap-guest build MODULE -o agent.wasm`: makes the component of an agent's module.

import { build, BuildError } from './build.js';
import { parseArgs } from 'node:util';

const HELP = `Makes HAP agents of JavaScript and TypeScript modules.

Usage: hap-guest build MODULE -o FILE [--wit DIR]

  MODULE              the module that exports the agent as default, .js or .ts
  -o, --output FILE   the component to write
      --wit DIR       the folder of the contract, \`wit\` of the HAP repository (default: $HAP_WIT)
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      wit: { type: 'string', default: process.env.HAP_WIT },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, entry, ...rest] = positionals;
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (command !== 'build' || entry === undefined || rest.length > 0 || !values.output) {
    throw new BuildError(HELP);
  }
  if (!values.wit) {
    throw new BuildError('pass the folder of the contract: --wit hap/wit');
  }
  await build({ entry, output: values.output, wit: values.wit });
}

main().catch((error) => {
  console.error(error instanceof BuildError || error.code?.startsWith('ERR_PARSE_ARGS') ? `error: ${error.message}` : error);
  process.exitCode = 1;
});
