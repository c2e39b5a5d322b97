import type { Agent, log } from './index.js';

/** What the fake host answers. */
export interface Settings {
  node?: string;
  attempt?: number;
  remainingMs?: number | null;
  isCancelled?: boolean;
  /** The granted documents. */
  resources?: { [name: string]: string | Uint8Array };
}

/** What came of a call. */
export interface Call {
  /** What the agent answered; undefined where it failed. */
  output: any;
  error: {
    kind: 'invalid-input' | 'unavailable' | 'failed';
    message: string;
    details: any;
    retryAfterMs: number | null;
  } | null;
  /** What it logged, in order. `console` stays that of Node in a test. */
  records: { level: log.Level; message: string; fields: any }[];
  /** The progress that it reported, in order. */
  updates: ({ status: string } | { fraction: number } | { partial: any })[];
}

/** Invokes an agent through JSON, just as a real host does. One call at a time. */
export function invoke(agent: Agent, context: object, params?: object, settings?: Settings): Promise<Call>;
