// The owner's verbs over HTTP: GET or POST /_fazt/api/NOUN.VERB with named arguments, JSON back.
// An error of the kernel arrives as a Problem with its code, its sentence and the id its log line carries.

import { useCallback, useEffect, useState } from "preact/hooks";

export class Problem extends Error {
  constructor({ code, message, request_id }) {
    super(message);
    this.code = code;
    this.request = request_id;
  }
}

const offline = { code: "offline", message: "Your server does not answer. Check the connection, then try again." };
const garbled = { code: "internal", message: "Your server gave an answer that makes no sense here. Try again in a moment." };

let csrf = "";

// A session that ended goes to sign-in and comes back to this very page.
function signIn() {
  location.assign("/_fazt/sign-in?next=" + encodeURIComponent(location.pathname));
  return new Promise(() => {});
}

async function call(url, options) {
  const response = await fetch(url, options).catch(() => { throw new Problem(offline); });
  if (response.status === 401) return signIn();
  const text = await response.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { throw new Problem(garbled); }
  if (!response.ok) throw new Problem(body?.error ?? garbled);
  return body;
}

export function read(operation, args = {}) {
  const query = new URLSearchParams(args).toString();
  return call(`/_fazt/api/${operation}${query && "?" + query}`, { cache: "no-store" });
}

// Says so when the owner has changed something, for whoever shows what depends on it.
export const written = new EventTarget();

export async function write(operation, args = {}) {
  const answer = await call(`/_fazt/api/${operation}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify(args),
  });
  written.dispatchEvent(new Event("write"));
  return answer;
}

// Who is signed in here. Comes first, since every write carries its token.
export async function openSession() {
  const session = await read("session.show");
  csrf = session.csrf;
  return session.user;
}

const EVERY_MS = 3000;

// The same, looked at again as long as somebody can see it and `still` says so of what came last.
export function useLive(operation, args, still = () => true) {
  const state = useRead(operation, args);
  const on = still(state.data);
  useEffect(() => {
    const timer = on && setInterval(() => document.hidden || state.reload(), EVERY_MS);
    return () => clearInterval(timer);
  }, [state.reload, on]);
  return state;
}

// What a READ operation answers, for as long as a component is on the page; of none (null), nothing. `reload` keeps the old data in sight.
export function useRead(operation, args) {
  const [state, setState] = useState({});
  const key = JSON.stringify(args ?? {});
  const reload = useCallback(() => operation && read(operation, JSON.parse(key)).then(
    (data) => setState({ data }),
    (problem) => setState((old) => ({ ...old, problem })),
  ), [operation, key]);
  useEffect(() => { reload(); }, [reload]);
  return { ...state, reload };
}
