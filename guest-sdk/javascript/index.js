// Write a HAP agent in JavaScript: what an agent's module imports.

export { agent } from './src/agent.js';
export { AgentError, Failed, InvalidInput, Unavailable } from './src/errors.js';
export * as log from './src/log.js';
export * as progress from './src/progress.js';
export * as resources from './src/resources.js';
