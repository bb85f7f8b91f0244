//! The script of a Worker that workerd loads: its handler of requests. The exports of its classes are added per Worker.

import { WorkerEntrypoint } from "cloudflare:workers";
import * as worker from "./index.js";

Error.stackTraceLimit = 100;
const state = worker.__worker_init_state();

/** Answers requests; the module keeps nothing between two of them that this class would have to. */
export default class extends WorkerEntrypoint {
  fetch(request) {
    return worker.fetch.call(this, request, this.env, this.ctx);
  }
}

// Each access goes to the present instance of the target.
const forward = {};
for (const access of Object.getOwnPropertyNames(Reflect)) {
  if (typeof Reflect[access] !== "function") continue;
  forward[access] = (target, ...rest) => Reflect[access](target.instance, ...rest);
}

/**
 * Constructs objects that outlive the memory of the module. After a trap the module starts again with empty memory and
 * another `instanceId`; an object of the old memory is then constructed again, with the arguments of the platform.
 */
const renewing = {
  construct(type, args, made) {
    const construct = () => ({ instance: Reflect.construct(type, args, made), id: state.instanceId });
    const target = construct();
    const get = (_, name, receiver) => {
      if (target.id !== state.instanceId) Object.assign(target, construct());
      return Reflect.get(target.instance, name, receiver);
    };
    return new Proxy(target, { ...forward, get });
  },
};

