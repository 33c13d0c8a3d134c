import { startPanel } from "../shared/startPanel";
import { BloatPanel } from "./panel";
import "./bloat.css";

startPanel(new BloatPanel());
