// What makes a function an agent, and what runs between the component's exports and the function.

import { Context } from './context.js';
import { Failed } from './errors.js';
import { NotJson, parse, stringify } from './json.js';
import { failureOf } from './failure.js';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
const OPTIONS = ['name', 'version', 'description', 'readOnly', 'idempotent', 'input', 'output'];

/** A function that serves requests, and what a host may know about it beforehand. Made by `agent`. */
export class Agent {
  constructor(options, run) {
    check(options, run);
    this.options = options;
    this.run = run;
  }

  /** What the contract calls the manifest. */
  manifest() {
    const { name, version, description, readOnly = false, idempotent = false, input, output } = this.options;
    const schema = (value) => (value === undefined ? null : stringify(value));
    return {
      name,
      version,
      description,
      contextSchema: schema(input),
      outputSchema: schema(output),
      hints: { readOnly, idempotent },
    };
  }

  /** Serves one request: calls `settle` with the output's text, or with a failure. */
  serve(contextText, paramsText, settle) {
    const fail = (error) => settle(null, failureOf(error));
    const finish = (output) => {
      let text;
      try {
        text = outputText(output);
      } catch (error) {
        fail(error);
        return;
      }
      settle(text, null);
    };
    try {
      const output = this.run(parse(contextText), new Context(parse(paramsText)));
      if (typeof output?.then === 'function') {
        output.then(finish, fail);
      } else {
        finish(output);
      }
    } catch (error) {
      fail(error);
    }
  }
}

/** Makes a function an agent: `agent({ name, version, description, … }, async (input, context) => output)`. */
export function agent(options, run) {
  return new Agent(options, run);
}

function check(options, run) {
  if (typeof run !== 'function') {
    throw new TypeError('agent(options, run): `run` is the function that serves a request');
  }
  const { name, version, description } = options;
  if (!NAME.test(name)) {
    throw new TypeError(`\`${name}\` is no name for an agent: it is kebab-case, like \`find-terms\``);
  }
  if (!VERSION.test(version)) {
    throw new TypeError(`\`${version}\` is no version: it has three numbers, like 0.1.0`);
  }
  if (typeof description !== 'string') {
    throw new TypeError('`description` is one line that tells what the agent does');
  }
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`\`${unknown}\` is no option of an agent (known: ${OPTIONS.join(', ')})`);
  }
}

function outputText(output) {
  try {
    return stringify(output);
  } catch (error) {
    throw error instanceof NotJson ? new Failed(`the output is not JSON: ${error.message}`) : error;
  }
}
