import { startPanel } from "../shared/startPanel";
import { QuantPanel } from "./panel";
import "./quant.css";

startPanel(new QuantPanel());
