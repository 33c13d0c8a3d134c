/** The bloat panel's thread: solves a frontier and answers questions about it, while the extension host goes on. */
import { type BloatAnswer, type BloatQuestion, Solving } from "./editor/panels/bloat/solving";
import { answerQuestions } from "./editor/panels/shared/answer";

const solving = new Solving();
answerQuestions<BloatQuestion, BloatAnswer, number>((question, tell) => solving.answer(question, tell));
