import { startPanel } from "../shared/startPanel";
import { RunPanel } from "./panel";
import "./run.css";

startPanel(new RunPanel());
