// MCP Inspector's web client as people use it: alice with the mouse, admin signing in
// with the keyboard alone, and alice giving a permission only when it is needed.

import assert from "node:assert/strict";
import { byOwner, byScope, called, denied, id, scenario } from "./checks.mjs";
import { newHome, web } from "./inspector.mjs";
import { accountPage, closeResult, connect, connected, consentPage, execute, fill, launch, open, result, shot, tab, toolsTab } from "./page.mjs";

const browser = await launch();
try {
  await scenario("web landing", landing);
  await scenario("web alice, legacy", (check) => inspect("legacy", check, alice));
  await scenario("web admin, modern", (check) => inspect("modern", check, admin));
  await scenario("web step-up, modern", (check) => inspect("modern", check, stepUp));
} finally {
  await browser.close();
}

async function landing(check) {
  const { page, errors } = await open(browser, process.env.SERVER_URL);
  await check("a browser at the server's address is told what this is", async () => {
    await shot(page, "landing");
    await page.getByRole("heading", { level: 1, name: "Todo Manager" }).waitFor();
    assert.deepEqual(errors, []);
  });
}

// inspect runs a person's steps against a web client that nobody has used.
async function inspect(era, check, steps) {
  await web(newHome("web"), era, async (url) => {
    const { page, errors } = await open(browser, url);
    try {
      await steps(page, check);
    } catch (error) {
      await shot(page, "failed").catch(() => {}); // what failed is the news
      throw error;
    }
    await check("our pages caused no error in the browser", () => assert.deepEqual(errors, []));
    await page.context().close();
  });
}

async function alice(page, check) {
  await check("Connect leads to the account page", async () => {
    await shot(page, "alice-server");
    await connect(page);
    await shot(page, "alice-account");
  });
  await check("consent offers create:todos and names what is withheld", async () => {
    await page.getByRole("button", { name: /alice, User/ }).click();
    await consentPage(page);
    await shot(page, "alice-consent");
    assert.deepEqual(await page.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => [box.value, box.checked])), [["create:todos", true]]);
    await page.getByText("not this account’s to give: read:todos, delete:todos").waitFor();
  });
  await check("Allow leads back, connected", async () => {
    await page.getByRole("button", { name: "Allow" }).click();
    await connected(page, "Legacy");
    await shot(page, "alice-connected");
  });
  await toolsTab(page);
  const todo = await check("she creates a todo", () => create(page, "alice", "an errand of alice"));
  await check("her list shows it", () => list(page, "alice", byOwner, [todo]));
  await check("a todo that is not there cannot be deleted, and the page says so", async () => {
    called("alice", "delete-todo", denied("not_found"));
    await fill(page, "Delete a todo", { id: "aaaaaaaaaaaaa" });
    await execute(page);
    const alert = page.getByRole("alert", { name: "Tool Error" });
    await alert.waitFor();
    await shot(page, "alice-refused");
    assert.match(await alert.innerText(), /\{"error":"Failed to delete todo"\}/);
    await closeResult(page);
  });
  await check("she deletes it", () => remove(page, "alice", todo, byOwner));
  await check("her list is empty", () => list(page, "alice", byOwner, []));
  await check("she leaves another", () => create(page, "alice", "an errand for admin to delete"));
}

async function admin(page, check) {
  await check("the account page is reached and used by keyboard", async () => {
    await connect(page);
    await tab(page, page.getByRole("button", { name: /admin, Admin/ }));
    await shot(page, "admin-account-focus");
    await page.keyboard.press("Enter");
    await consentPage(page);
  });
  await check("each permission can be unticked and ticked again by keyboard, then Allow", async () => {
    const boxes = await page.getByRole("checkbox").all();
    assert.equal(boxes.length, 3);
    for (const box of boxes) {
      await tab(page, box);
      await page.keyboard.press("Space");
      assert.equal(await box.isChecked(), false);
      await page.keyboard.press("Space");
    }
    await tab(page, page.getByRole("button", { name: "Allow" }));
    await shot(page, "admin-consent-focus");
    await page.keyboard.press("Enter");
    await connected(page, "Modern");
    await shot(page, "admin-connected");
  });
  await toolsTab(page);
  const todo = await check("admin creates a todo", () => create(page, "admin", "an errand of admin"));
  const hers = await check("the list shows alice's todo too, older first", async () => {
    const { todos } = await call(page, "admin", "get-todos", "List todos", {}, byScope("read:todos"));
    assert.deepEqual(todos.map((each) => each.ownerId), ["alice", "admin"]);
    assert.deepEqual(todos[1], todo);
    return todos[0];
  });
  await check("admin deletes alice's todo", () => remove(page, "admin", hers, byScope("delete:todos")));
  await check("admin deletes the other", () => remove(page, "admin", todo, byOwner));
  await check("the list is empty", () => list(page, "admin", byScope("read:todos"), []));
}

async function stepUp(page, check) {
  await check("alice signs in and unticks create:todos", async () => {
    await connect(page);
    await page.getByRole("button", { name: /alice, User/ }).click();
    await consentPage(page);
    await page.getByRole("checkbox", { name: /create:todos/ }).uncheck();
    await shot(page, "step-up-unticked");
    await page.getByRole("button", { name: "Allow" }).click();
    await connected(page, "Modern");
  });
  await toolsTab(page);
  await check("without any scope her own list can be read", () => list(page, "alice", { ...byOwner, scopes_granted: "" }, []));
  await check("create-todo asks for create:todos", async () => {
    called("alice", "create-todo", { ...denied("missing_scope"), scopes_granted: "" });
    await fill(page, "Create a todo", { content: "an errand with permission" });
    await execute(page);
    const dialog = page.getByRole("dialog", { name: "Additional permissions required" });
    await dialog.waitFor();
    await shot(page, "step-up-dialog");
    assert.deepEqual(await dialog.getByRole("listitem").allInnerTexts(), ["create:todos"]);
    await dialog.getByRole("button", { name: "Authorize" }).click();
    await accountPage(page);
  });
  await check("she gives it", async () => {
    await page.getByRole("button", { name: /alice, User/ }).click();
    await consentPage(page);
    await shot(page, "step-up-consent");
    assert.equal(await page.getByRole("checkbox", { name: /create:todos/ }).isChecked(), true);
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByText("Step-up authorization succeeded").waitFor();
    await shot(page, "step-up-done");
  });
  const todo = await check("the same call goes through", async () => {
    called("alice", "create-todo", { ...byScope("create:todos"), scopes_granted: "create:todos" });
    await execute(page);
    return shown(page, "step-up-create-todo");
  });
  await check("and can be undone", () => remove(page, "alice", todo, byOwner));
}

// call runs a tool in its form and returns the result that the page shows.
async function call(page, who, tool, title, args, row) {
  called(who, tool, row);
  await fill(page, title, args);
  await execute(page);
  return shown(page, `${who}-${tool}`);
}

async function shown(page, name) {
  const answer = await result(page);
  await shot(page, name);
  await closeResult(page);
  return answer;
}

async function create(page, who, content) {
  const todo = await call(page, who, "create-todo", "Create a todo", { content }, byScope("create:todos"));
  assert.match(todo.id, id);
  assert.deepEqual([todo.content, todo.ownerId], [content, who]);
  return todo;
}

async function list(page, who, row, todos) {
  assert.deepEqual(await call(page, who, "get-todos", "List todos", {}, row), { todos });
}

async function remove(page, who, todo, row) {
  const answer = await call(page, who, "delete-todo", "Delete a todo", { id: todo.id }, { ...row, target_id: todo.id });
  assert.deepEqual(answer, { message: `Todo ${todo.id} deleted`, details: todo });
}
