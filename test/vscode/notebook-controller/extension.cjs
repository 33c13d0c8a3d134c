/**
 * A notebook controller that knows powers instead of Python: the cell `60 W 2000 ms` draws 60 W more than idle for two
 * seconds, in the fake powercap tree that WATTLINE_TEST_POWERCAP names (layout: test/fixtures/fake-powercap/driver.c).
 */
const fs = require("node:fs");
const { join } = require("node:path");
const vscode = require("vscode");

const idleW = 30;
const idleDramW = 4;
const headerBytes = 16;
const recordBytes = 32;

function step(packageW) {
  const file = fs.openSync(join(process.env.WATTLINE_TEST_POWERCAP, "steps"), "r+");
  try {
    const count = Buffer.alloc(8);
    fs.readSync(file, count, 0, 8, 0);
    const taken = count.readBigUInt64LE();
    const record = Buffer.alloc(recordBytes);
    record.writeDoubleLE(Number(process.hrtime.bigint()) / 1e9, 0);
    record.writeDoubleLE(packageW, 8);
    record.writeDoubleLE(idleDramW, 16);
    fs.writeSync(file, record, 0, recordBytes, headerBytes + Number(taken) * recordBytes);
    count.writeBigUInt64LE(taken + 1n);
    fs.writeSync(file, count, 0, 8, 0);
  } finally {
    fs.closeSync(file);
  }
}

exports.activate = (context) => {
  const controller = vscode.notebooks.createNotebookController("powers", "jupyter-notebook", "Powers");
  controller.supportedLanguages = ["python"];
  controller.supportsExecutionOrder = true;
  let order = 0;
  controller.executeHandler = async (cells) => {
    for (const cell of cells) {
      const [, watts, ms] = /(\d+) W (\d+) ms/.exec(cell.document.getText());
      const execution = controller.createNotebookCellExecution(cell);
      execution.executionOrder = ++order;
      step(idleW + Number(watts));
      execution.start(Date.now());
      await new Promise((resolve) => setTimeout(resolve, Number(ms)));
      step(idleW);
      execution.end(true, Date.now());
    }
  };
  context.subscriptions.push(controller, vscode.workspace.onDidOpenNotebookDocument(prefer));
  for (const notebook of vscode.workspace.notebookDocuments) prefer(notebook);
  function prefer(notebook) {
    controller.updateNotebookAffinity(notebook, vscode.NotebookControllerAffinity.Preferred);
  }
};
