// Types of `hap-guest`. The words of the contract (levels, kinds of errors) are those of `wit/`.

/** Any JSON value. An integer that a `number` would change is a `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** A JSON Schema (2020-12): written by hand, or made by a library such as TypeBox or Zod. */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** What a host may know about an agent before it runs it. */
export interface AgentOptions<I extends Schema = Schema, O extends Schema = Schema> {
  /** Kebab-case, like `find-terms`. */
  readonly name: string;
  /** Three numbers, like `0.1.0`. */
  readonly version: string;
  /** One line, for people and for planners that choose among agents. */
  readonly description: string;
  /** Promises to change nothing outside the graph's context. */
  readonly readOnly?: boolean;
  /** Promises that calling it twice with one request leaves the world as calling it once. */
  readonly idempotent?: boolean;
  /** The schema of the context; without it, any object. The host checks every context against it. */
  readonly input?: I;
  /** The schema of the output; without it, any value. The host checks every output against it. */
  readonly output?: O;
}

/** An agent, made by `agent`. */
export interface Agent {
  readonly options: AgentOptions;
}

/**
 * Makes a function an agent; the module exports it as default. The types of input and output follow from the schemas;
 * where there is none, the function may say its own.
 */
export function agent<const I extends Schema, const O extends Schema, Params = JsonObject>(
  options: AgentOptions<I, O>,
  run: (input: Of<I>, context: Context<Params>) => Of<O> | Promise<Of<O>>,
): Agent;

/**
 * The call that is being served. Only `params` may shape the output; everything else is for correlation and for
 * stopping early.
 */
export interface Context<Params = JsonObject> {
  /** The node's settings from the graph, verbatim. An object; empty where the graph sets none. */
  readonly params: Params;
  /** The graph run. Unique among the runs of one host; safe to log. */
  readonly runId: string;
  /** The node of the graph that this call serves. */
  readonly node: string;
  /** Names this activation of the node, the same on every attempt: an idempotency key. */
  readonly operationId: string;
  /** 1 on the first attempt, one more on each retry. */
  readonly attempt: number;
  /** Milliseconds left before the host stops the call, on the real clock; null is no limit. */
  readonly remainingMs: number | null;
  /** Whether the host has asked this call to stop. Poll it in long loops and return early. */
  readonly isCancelled: boolean;
}

export interface ErrorOptions {
  /** Any JSON value for programs, beside the message for people; 8 KiB at most. */
  details?: unknown;
  cause?: unknown;
}

/** The base of the three errors that the contract knows: the class decides what the host does next. */
export class AgentError extends Error {
  constructor(message: string, options?: ErrorOptions);
  readonly kind: 'invalid-input' | 'unavailable' | 'failed';
  readonly details?: unknown;
}

/** The context or params are not what this agent accepts. Never retried. Say what would mend it. */
export class InvalidInput extends AgentError {
  readonly kind: 'invalid-input';
}

/** Something the agent depends on was unavailable; the same request may succeed later. */
export class Unavailable extends AgentError {
  constructor(message: string, options?: ErrorOptions & { retryAfterMs?: number });
  readonly kind: 'unavailable';
  readonly retryAfterMs?: number;
}

/** The call failed, and a retry would not help. Anything else that is thrown does the same. */
export class Failed extends AgentError {
  readonly kind: 'failed';
}

/** Diagnostics for the people who operate the host. `console` writes records too. */
export namespace log {
  type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
  type Fields = { readonly [key: string]: unknown };
  function write(level: Level, message: unknown, fields?: Fields | null): void;
  function trace(message: unknown, fields?: Fields): void;
  function debug(message: unknown, fields?: Fields): void;
  function info(message: unknown, fields?: Fields): void;
  function warn(message: unknown, fields?: Fields): void;
  function error(message: unknown, fields?: Fields): void;
}

/** What a caller may see while a call is still running. */
export namespace progress {
  /** A short line that a person can read. */
  function status(line: string): void;
  /** How much is done, from 0 to 1. */
  function fraction(done: number): void;
  /** A piece of the output to come. Only the returned output counts. */
  function partial(piece: unknown): void;
}

/** Read-only documents that the graph grants to this node. */
export namespace resources {
  interface Entry {
    readonly name: string;
    readonly mediaType: string | null;
    /** Bytes, where the host knows. */
    readonly size: number | null;
  }
  /** The granted documents, sorted by name. */
  function list(): Entry[];
  /** The pieces of a document, one after the other. Throws where it does not exist or is not granted. */
  function open(name: string): Generator<Uint8Array, void, void>;
  /** A whole document. */
  function readBytes(name: string): Uint8Array;
  /** A whole document as text in UTF-8. */
  function readText(name: string): string;
}

/**
 * The type of the values that a schema describes, as far as `type`, `properties`, `required`, `items`, `enum`,
 * `const`, `anyOf`, `oneOf` and `additionalProperties` tell; any JSON value otherwise.
 */
export type Of<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly anyOf: readonly (infer M)[] }
      ? Of<M>
      : S extends { readonly oneOf: readonly (infer M)[] }
        ? Of<M>
        : S extends { readonly type: infer T }
          ? OfType<S, T extends readonly (infer U)[] ? U : T>
          : any;

type OfType<S, T> = T extends 'string'
  ? string
  : T extends 'number' | 'integer'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : T extends 'array'
          ? S extends { readonly items: infer I }
            ? Of<I>[]
            : any[]
          : T extends 'object'
            ? OfObject<S>
            : any;

type OfObject<S> = S extends { readonly properties: infer P }
  ? Simplify<
      { -readonly [K in keyof P as K extends Required<S> ? K : never]: Of<P[K]> } & {
        -readonly [K in keyof P as K extends Required<S> ? never : K]?: Of<P[K]>;
      }
    >
  : S extends { readonly additionalProperties: infer V extends object }
    ? { [key: string]: Of<V> }
    : { [key: string]: any };

type Required<S> = S extends { readonly required: readonly (infer K)[] } ? K : never;

type Simplify<T> = { [K in keyof T]: T[K] };
