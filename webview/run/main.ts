import type { FromRunPanel, ToRunPanel } from "../../src/messages/run";
import { registerControls } from "../shared/controls";
import { findHost } from "../shared/host";
import { RunPanel } from "./panel";
import "./run.css";

registerControls();
const panel = new RunPanel();
panel.start(findHost<ToRunPanel, FromRunPanel>());
(document.getElementById("root") ?? document.body).append(panel);
