// What was thrown as a failure of the contract: an `AgentError` as it says, anything else as `failed` with its stack.

import { AgentError } from './errors.js';
import { stringify } from './json.js';
import { originalStack } from './stack.js';

// The host keeps 8 KiB of each, in UTF-8. The innermost frames come first and say most.
const MESSAGE_CHARACTERS = 2000;
const STACK_CHARACTERS = 2000;

/** `{ kind, message, details, retryAfterMs }`, the details as JSON text or null. */
export function failureOf(error) {
  if (error instanceof AgentError) {
    return {
      kind: error.kind,
      message: error.message.toWellFormed(),
      details: detailsText(error.details),
      retryAfterMs: error.retryAfterMs === undefined ? null : Math.trunc(error.retryAfterMs),
    };
  }
  if (!(error instanceof Error)) {
    return { kind: 'failed', message: thrown(error), details: null, retryAfterMs: null };
  }
  const stack = originalStack(error.stack ?? '');
  const place = /([^\s(/\\]+:\d+):\d+\)?$/m.exec(stack)?.[1];
  const message = `${error.name}: ${error.message}`.slice(0, MESSAGE_CHARACTERS).toWellFormed();
  return {
    kind: 'failed',
    message: place === undefined ? message : `${message} (${place})`,
    details: stringify({ exception: error.name, traceback: tracebackOf(error) }),
    retryAfterMs: null,
  };
}

// The error and its causes, the outermost first.
function tracebackOf(error) {
  const parts = [];
  for (let cause = error; cause instanceof Error && parts.length < 5; cause = cause.cause) {
    const head = `${parts.length === 0 ? '' : 'caused by '}${cause.name}: ${cause.message}`;
    // Node's stacks begin with the head, those of QuickJS do not.
    const frames = originalStack(cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    parts.push([head.slice(0, MESSAGE_CHARACTERS), ...frames].join('\n'));
  }
  return parts.join('\n').slice(0, STACK_CHARACTERS).toWellFormed();
}

function detailsText(details) {
  if (details === undefined || details === null) {
    return null;
  }
  try {
    return stringify(details);
  } catch (error) {
    return JSON.stringify({ details_error: error.message });
  }
}

function thrown(value) {
  let text;
  try {
    text = typeof value === 'string' ? value : stringify(value);
  } catch {
    text = String(value);
  }
  return `a value that is no Error was thrown: ${text}`.slice(0, MESSAGE_CHARACTERS).toWellFormed();
}
