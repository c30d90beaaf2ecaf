// What an app asks is answered by somebody who was here just now: who signed in a while ago gives the password with the answer.

import { useState } from "preact/hooks";
import { useRead } from "./api.js";

export function usePresent() {
  const session = useRead("session.show");
  const [password, setPassword] = useState("");
  const needed = session.data && !session.data.fresh;
  return { needed, password, setPassword, args: needed ? { present: password } : {} };
}

export function Present({ of: { needed, password, setPassword } }) {
  return needed && (
    <div><label class="label" for="present">Your password</label>
      <input class="input" id="present" type="password" autocomplete="current-password" value={password} onInput={(event) => setPassword(event.target.value)} />
      <p class="hint">Or sign in again: an answer needs somebody who was here just now.</p></div>
  );
}
