import type { PositionShown } from "../../../src/contract.ts";
import { priceText, signedText, spanText, toneOf } from "../state/format.ts";
import { askFor } from "./control.tsx";
import { Panel, Tile, Tiles } from "./parts.tsx";

/** What is held of a symbol. */
export function HeldPanel({ position }: { readonly position: PositionShown }) {
  const { symbol, side, qty, entry, mark, stop, isStopConfirmed, target, r, ageMs, guard, exitReason } =
    position;
  const guardTone = guard === "guarded" ? "good" : guard === "naked" ? "bad" : "warn";
  return (
    <Panel
      title={`Held: ${side}`}
      aside={
        <button
          type="button"
          class="quiet"
          aria-label={`Close ${symbol}`}
          onClick={() => askFor({ word: "close", symbol })}
        >
          Close…
        </button>
      }
    >
      <Tiles>
        <Tile name="R now" value={signedText(r)} tone={toneOf(r)} note={`mark ${priceText(mark)}`} />
        <Tile name="Quantity" value={qty} note={`entered at ${priceText(entry)}`} />
        <Tile
          name="Stop"
          value={priceText(stop)}
          note={isStopConfirmed ? "confirmed by the venue" : "not confirmed for all of it"}
          tone={isStopConfirmed ? "" : "bad"}
        />
        <Tile name="Target" value={priceText(target)} />
        <Tile
          name="Guard"
          value={exitReason === null ? guard : `leaving: ${exitReason}`}
          tone={guardTone}
          note={`held for ${spanText(ageMs)}`}
        />
      </Tiles>
    </Panel>
  );
}
