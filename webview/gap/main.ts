import { startPanel } from "../shared/startPanel";
import { GapPanel } from "./panel";
import "./gap.css";

startPanel(new GapPanel());
