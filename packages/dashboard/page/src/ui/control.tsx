import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ControlWord } from "../../../src/contract.ts";
import { say } from "../state/api.ts";
import { controlToken } from "../state/session.ts";

/** The word that somebody is about to say; null: nobody is. */
const asked = signal<ControlWord | null>(null);

const MEANINGS: Readonly<Record<ControlWord["word"], string>> = {
  halt: "No new entries until somebody resumes. What is held stays, with its stops and targets.",
  resume:
    "Takes back every reason to halt; other reasons, such as a feed that is gone, still stand. Refused while the file HALT stands.",
  flatten:
    "Leaves everything that is held or on its way, at the market. It does not halt: new entries may follow. Halt first if nothing is to be entered.",
  close: "Leaves this position at the market. The symbol is not entered again for 30 minutes.",
};

export function askFor(word: ControlWord): void {
  asked.value = word;
}

/** What may be told the engine: words, never orders. */
export function ControlButtons() {
  return (
    <div class="words">
      <button type="button" onClick={() => askFor({ word: "halt" })}>
        Halt entries…
      </button>
      <button type="button" onClick={() => askFor({ word: "resume" })}>
        Resume…
      </button>
      <button type="button" class="danger" onClick={() => askFor({ word: "flatten" })}>
        Flatten everything…
      </button>
    </div>
  );
}

/** Asks for the control token, once, and for the word itself, every time. */
export function ControlDialog() {
  const word = asked.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (word !== null) dialog.current?.showModal();
  }, [word]);
  if (word === null) return null;
  return (
    <dialog ref={dialog} aria-labelledby="word" onClose={() => (asked.value = null)}>
      <WordForm word={word} onDone={() => dialog.current?.close()} />
    </dialog>
  );
}

interface WordFormProps {
  readonly word: ControlWord;
  readonly onDone: () => void;
}

type Outcome = { readonly isDone: boolean; readonly text: string };

function WordForm({ word, onDone }: WordFormProps) {
  const wanted = word.word === "close" ? word.symbol : word.word;
  const [typed, setTyped] = useState("");
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isBusy, setBusy] = useState(false);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      setOutcome({ isDone: true, text: answerText(await say(word, typed)) });
    } catch (error) {
      setOutcome({ isDone: false, text: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void send(event)}>
      <h2 id="word">{word.word === "close" ? `Close ${word.symbol}` : titleOf(word.word)}</h2>
      <p>{MEANINGS[word.word]} It goes into the journal.</p>
      {outcome?.isDone === true ? (
        <>
          <p role="status" class="done">
            {outcome.text}
          </p>
          <button type="button" onClick={onDone}>
            Back
          </button>
        </>
      ) : (
        <>
          <Fields wanted={wanted} typed={typed} onTyped={setTyped} />
          {outcome === null ? null : (
            <p class="problem" role="alert">
              {outcome.text}
            </p>
          )}
          <div class="words">
            <button type="submit" class="danger" disabled={typed !== wanted || isBusy}>
              {titleOf(word.word)}
            </button>
            <button type="button" onClick={onDone}>
              Cancel
            </button>
          </div>
        </>
      )}
    </form>
  );
}

interface FieldsProps {
  readonly wanted: string;
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
}

function Fields({ wanted, typed, onTyped }: FieldsProps) {
  return (
    <>
      <label>
        Control token{" "}
        <small>
          the line in the file dashboard.control-token of the engine’s data folder (./var unless you chose
          another)
        </small>
        <input
          type="password"
          autocomplete="off"
          value={controlToken.value}
          onInput={(event) => (controlToken.value = event.currentTarget.value.trim())}
        />
      </label>
      <label>
        <span>
          Type <strong>{wanted}</strong> to confirm
        </span>
        <input
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => onTyped(event.currentTarget.value)}
        />
      </label>
    </>
  );
}

function titleOf(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

/** What the engine said: its state now, and what is being left. */
function answerText(answer: unknown): string {
  const { state, leaving } = answer as { readonly state?: string; readonly leaving?: readonly string[] };
  const left =
    leaving === undefined
      ? ""
      : leaving.length === 0
        ? " Nothing is held."
        : ` Leaving ${leaving.join(", ")}.`;
  return `The engine is ${state ?? "as it was"} now.${left}`;
}
