import { useState } from "preact/hooks";
import { keepToken, tokenProblem } from "../state/session.ts";

/** Who has no token is told where it is. */
export function Entrance() {
  const [given, setGiven] = useState("");
  const problem = tokenProblem.value;
  return (
    <main class="entrance">
      <h1>smc-quant</h1>
      <p>
        Open the link that the engine printed after READY, or paste the token: it is the line in the file{" "}
        <code>dashboard.token</code> of the engine’s data folder (<code>./var</code> unless you chose
        another).
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (given.trim() !== "") keepToken(given.trim());
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            value={given}
            onInput={(event) => setGiven(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
      {problem === null ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </main>
  );
}
