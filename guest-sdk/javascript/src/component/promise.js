// Promises whose jobs this package runs itself.
//
// A call of an agent is one synchronous call of the component, and QuickJS runs the jobs of its own promises only after
// that call. So the build turns `async` into functions over `Promise` (esbuild), and `Promise` is this class, whose
// jobs `loop.js` runs until the agent's promise is settled.

const jobs = [];

/** Runs `job` after what runs now, in the order of the calls. */
export function enqueue(job) {
  jobs.push(job);
}

/** Runs jobs until there are none. */
export function runJobs() {
  for (let at = 0; at < jobs.length; at++) {
    jobs[at]();
    // Long chains would otherwise keep every job that ran.
    if (at === 1023) {
      jobs.splice(0, at + 1);
      at = -1;
    }
  }
  jobs.length = 0;
}

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** ECMAScript's `Promise`. */
export class Promise {
  #state = PENDING;
  #value;
  #reactions = [];

  constructor(executor) {
    if (typeof executor !== 'function') {
      throw new TypeError('a Promise takes a function');
    }
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  then(onFulfilled, onRejected) {
    const Species = this.constructor?.[Symbol.species] ?? Promise;
    const { promise, resolve, reject } = withResolvers(Species);
    const react = (handler, settle) => () => {
      if (typeof handler !== 'function') {
        settle(this.#value);
        return;
      }
      try {
        resolve(handler(this.#value));
      } catch (error) {
        reject(error);
      }
    };
    const reactions = [react(onFulfilled, resolve), react(onRejected, reject)];
    if (this.#state === PENDING) {
      this.#reactions.push(reactions);
    } else {
      enqueue(reactions[this.#state - 1]);
    }
    return promise;
  }

  catch(onRejected) {
    return this.then(undefined, onRejected);
  }

  finally(callback) {
    if (typeof callback !== 'function') {
      return this.then(callback, callback);
    }
    const Species = this.constructor?.[Symbol.species] ?? Promise;
    const after = (finish) => (value) => Species.resolve(callback()).then(() => finish(value));
    const rethrow = (error) => {
      throw error;
    };
    return this.then(after((value) => value), after(rethrow));
  }

  get [Symbol.toStringTag]() {
    return 'Promise';
  }

  // The two functions that settle this promise; the first call of either counts.
  #resolvers() {
    let called = false;
    const once = (settle) => (value) => {
      if (!called) {
        called = true;
        settle(value);
      }
    };
    return {
      resolve: once((value) => this.#resolve(value)),
      reject: once((error) => this.#settle(REJECTED, error)),
    };
  }

  #resolve(value) {
    if (value === this) {
      this.#settle(REJECTED, new TypeError('a promise cannot be resolved with itself'));
      return;
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      this.#settle(FULFILLED, value);
      return;
    }
    let then;
    try {
      then = value.then;
    } catch (error) {
      this.#settle(REJECTED, error);
      return;
    }
    if (typeof then !== 'function') {
      this.#settle(FULFILLED, value);
      return;
    }
    enqueue(() => {
      const { resolve, reject } = this.#resolvers();
      try {
        then.call(value, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  #settle(state, value) {
    this.#state = state;
    this.#value = value;
    for (const reactions of this.#reactions) {
      enqueue(reactions[state - 1]);
    }
    this.#reactions = [];
  }

  static get [Symbol.species]() {
    return this;
  }

  static resolve(value) {
    if (value instanceof Promise && value.constructor === this) {
      return value;
    }
    return new this((resolve) => resolve(value));
  }

  static reject(error) {
    return new this((_, reject) => reject(error));
  }

  static withResolvers() {
    return withResolvers(this);
  }

  static try(callback, ...values) {
    return new this((resolve) => resolve(callback(...values)));
  }

  static all(values) {
    return gather(this, values, (item, index, results, done, reject) => {
      item.then((value) => {
        results[index] = value;
        done();
      }, reject);
    });
  }

  static allSettled(values) {
    return gather(this, values, (item, index, results, done) => {
      const record = (result) => {
        results[index] = result;
        done();
      };
      item.then(
        (value) => record({ status: 'fulfilled', value }),
        (reason) => record({ status: 'rejected', reason }),
      );
    });
  }

  static any(values) {
    return new this((resolve, reject) => {
      const errors = [];
      let left = 1;
      const failed = () => {
        if (--left === 0) {
          reject(new AggregateError(errors, 'every promise was rejected'));
        }
      };
      let index = 0;
      for (const value of values) {
        const at = index++;
        left++;
        this.resolve(value).then(resolve, (error) => {
          errors[at] = error;
          failed();
        });
      }
      failed();
    });
  }

  static race(values) {
    return new this((resolve, reject) => {
      for (const value of values) {
        this.resolve(value).then(resolve, reject);
      }
    });
  }
}

function withResolvers(Constructor) {
  let resolvers;
  const promise = new Constructor((resolve, reject) => {
    resolvers = { resolve, reject };
  });
  return { promise, ...resolvers };
}

// A promise of the results of all values, each put into its place by `watch`.
function gather(Constructor, values, watch) {
  return new Constructor((resolve, reject) => {
    const results = [];
    let left = 1;
    const done = () => {
      if (--left === 0) {
        resolve(results);
      }
    };
    let index = 0;
    for (const value of values) {
      left++;
      watch(Constructor.resolve(value), index, results, done, reject);
      index++;
    }
    done();
  });
}
