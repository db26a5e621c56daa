import { render } from "preact";
import { App } from "./app.tsx";
import { startLive } from "./state/live.ts";
import { openSession, takeCode } from "./state/session.ts";
import { startTheme } from "./state/theme.ts";
import "./style.css";
import "./market.css";

startTheme();
const code = takeCode();
const place = document.querySelector("#page");
if (place !== null) {
  if (code !== null) await openSession(code);
  startLive();
  render(<App />, place);
}
