import { numberText, secondText, spanText } from "../../state/format.ts";
import { Panel, Tile, Tiles } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";

interface Member {
  readonly member: string;
  readonly held: number;
  readonly symbols: number;
  readonly ready: number;
  readonly isLeaving: boolean;
  readonly ageMs: number;
}

/** What `smcq system --json` says of signals that hosts share. */
export interface BusShown {
  readonly role: string;
  readonly isConnected: boolean;
  readonly losses: number;
  readonly signals: {
    readonly published: number;
    readonly waiting: number;
    readonly dropped: number;
    readonly poison: number;
    readonly lag: number;
  };
  readonly parts: {
    readonly member: string;
    readonly parts: number;
    readonly held: number;
    readonly warming: number;
    readonly orphans: number;
    readonly members: readonly Member[];
  } | null;
  readonly heard: {
    readonly signals: number;
    readonly taken: number;
    readonly otherRun: number;
    readonly missing: number;
    readonly unscanned: number;
    readonly partsLive: number;
    readonly parts: number;
  } | null;
}

/** What it says of the account that hosts share. */
export interface DutyShown {
  readonly role: string;
  readonly isConnected: boolean;
  readonly losses: number;
  readonly lease: {
    readonly state: string;
    readonly epoch: number;
    readonly heldMs: number;
    readonly holder: string;
    readonly failures: number;
    readonly answerMs: number;
  };
  readonly refusals: number;
  readonly copy: { readonly state: string; readonly waitingRows: number; readonly lostRows: number } | null;
  readonly follow: {
    readonly state: string;
    readonly rows: number;
    readonly lastRowMs: number | null;
  } | null;
}

/** Roles, leases and lag: how this host does with the others; nothing where it meets none. */
export function Hosts({ bus, duty }: { readonly bus: BusShown | null; readonly duty: DutyShown | null }) {
  const first = duty ?? bus;
  if (first === null) return null;
  return (
    <Panel title="Other hosts">
      <Tiles>
        <Tile
          name="This host's role"
          value={first.role}
          note={first.role === "standby" && duty?.lease.state === "held" ? "has taken over" : ""}
        />
        <Tile
          name="Bus"
          value={first.isConnected ? "connected" : "lost"}
          tone={first.isConnected ? "good" : "bad"}
          note={`lost ${numberText(first.losses, 0)} times`}
        />
        {duty === null ? null : <Duty duty={duty} />}
        {bus === null ? null : <Signals bus={bus} />}
      </Tiles>
      {bus === null || bus.parts === null ? null : (
        <Table
          name="Scanners"
          columns={MEMBER_COLUMNS}
          rows={bus.parts.members}
          keyOf={({ member }) => member}
          empty="No scanner is heard."
        />
      )}
    </Panel>
  );
}

function Duty({ duty: { lease, refusals, copy, follow } }: { readonly duty: DutyShown }) {
  const isHeld = lease.state === "held";
  return (
    <>
      <Tile
        name="Account's lease"
        value={isHeld ? "held here" : lease.state}
        tone={isHeld ? "good" : lease.state === "lapsed" || lease.state === "lost" ? "bad" : ""}
        note={
          isHeld
            ? `epoch ${lease.epoch}, for ${spanText(Math.max(0, lease.heldMs))} without another answer`
            : `epoch ${lease.epoch}${lease.holder === "" ? "" : `, held by ${lease.holder}`}`
        }
      />
      <Tile
        name="Renewals that failed"
        value={numberText(lease.failures, 0)}
        tone={lease.failures > 0 ? "warn" : ""}
        note={`the last answer took ${numberText(lease.answerMs, 1)} ms`}
      />
      <Tile
        name="Orders not sent without it"
        value={numberText(refusals, 0)}
        tone={refusals > 0 ? "warn" : ""}
      />
      {copy === null ? null : (
        <Tile
          name="Journal's copy"
          value={copy.state}
          tone={copy.lostRows > 0 ? "bad" : copy.waitingRows > 0 ? "warn" : "good"}
          note={`${numberText(copy.waitingRows, 0)} rows wait`}
        />
      )}
      {follow === null || isHeld ? null : (
        <Tile
          name="Journal followed"
          value={follow.state === "follows" ? "follows" : "waits for a copy"}
          tone={follow.state === "follows" ? "good" : "warn"}
          note={
            follow.lastRowMs === null
              ? "no row yet"
              : `${numberText(follow.rows, 0)} rows, the last of ${secondText(follow.lastRowMs)} UTC`
          }
        />
      )}
    </>
  );
}

function Signals({ bus: { signals, parts, heard } }: { readonly bus: BusShown }) {
  const isBad = signals.dropped + signals.poison > 0;
  return (
    <>
      <Tile
        name="Words waiting"
        value={numberText(parts === null ? signals.lag : signals.waiting, 0)}
        tone={isBad ? "bad" : ""}
        note={`${numberText(signals.dropped, 0)} dropped, ${numberText(signals.poison, 0)} not understood`}
      />
      {parts === null ? null : (
        <Tile
          name="Parts scanned here"
          value={`${parts.held} of ${parts.parts}`}
          tone={parts.orphans > 0 ? "bad" : ""}
          note={`${parts.warming} warming up, ${parts.orphans} scanned by nobody`}
        />
      )}
      {heard === null ? null : (
        <>
          <Tile
            name="Parts heard of"
            value={`${heard.partsLive} of ${heard.parts}`}
            tone={heard.partsLive < heard.parts ? "bad" : "good"}
            note="a silent part's symbols are not entered"
          />
          <Tile
            name="Signals heard"
            value={numberText(heard.signals, 0)}
            tone={heard.otherRun > 0 ? "warn" : ""}
            note={`${numberText(heard.taken, 0)} given to the core, ${numberText(heard.otherRun, 0)} of another plan or model`}
          />
          <Tile
            name="Bars that nobody told"
            value={numberText(heard.missing, 0)}
            tone={heard.missing > 0 ? "warn" : "good"}
            note={`${numberText(heard.unscanned, 0)} told and not scanned`}
          />
        </>
      )}
    </>
  );
}

const MEMBER_COLUMNS: readonly Column<Member>[] = [
  { name: "Scanner", cell: ({ member }) => member, by: ({ member }) => member },
  { name: "Parts", isFigure: true, cell: ({ held }) => numberText(held, 0), by: ({ held }) => held },
  {
    name: "Symbols",
    isFigure: true,
    cell: ({ symbols }) => numberText(symbols, 0),
    by: ({ symbols }) => symbols,
  },
  { name: "Ready", isFigure: true, cell: ({ ready }) => numberText(ready, 0), by: ({ ready }) => ready },
  { name: "Heard", isFigure: true, cell: ({ ageMs }) => `${spanText(ageMs)} ago`, by: ({ ageMs }) => ageMs },
  { name: "State", cell: ({ isLeaving }) => (isLeaving ? "leaving" : "scans") },
];
