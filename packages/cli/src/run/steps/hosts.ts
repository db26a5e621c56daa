import { openSide } from "../../bus/open-side.ts";
import { OWN_SIDE, type RunSide } from "../../bus/run-side.ts";
import { type Duty, openDuty } from "../duty/duty.ts";
import type { VenueConnection } from "../../modes/ports.ts";
import type { Ground } from "./ground.ts";

/** Where hosts share the account: this one is a standby until it holds the account's lease. */
export async function openAccountDuty(ground: Ground, venue: VenueConnection): Promise<Duty | null> {
  const { payload, ports, startUp, closers, offset, failure, signal } = ground;
  const options = { ...ground, ...payload, fail: failure.reject, signal, askVenue: () => venue.answer() };
  const duty = await openDuty(options, ports.isAccountShared);
  if (duty === null) return null;
  closers.add(() => duty.close(duty.tailMs));
  offset.followHealth((isSound) => duty.right.trust(isSound));
  await startUp.step(
    "account's lease",
    () => duty.takeOver(),
    () => ({ engineId: duty.engineId }),
  );
  return duty;
}

/** What the role of the settings makes of the run. */
export async function openSideOf(ground: Ground): Promise<RunSide> {
  const { payload, startUp, closers } = ground;
  const { role: own, bus } = payload.config;
  const role = own === "standby" ? bus.standbyAs : own;
  if (role === "all") return OWN_SIDE;
  const side = await startUp.step(
    "bus",
    () => openSide(role, ground),
    () => ({ role, name: bus.name, parts: bus.parts }),
  );
  closers.add(() => side.close());
  return side;
}
