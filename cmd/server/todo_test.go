package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// todoMain is the scripts' MCP client:
//
//	todo -as alice [-scopes a,b] [-era legacy] [-refresh] [-signed-in] TOOL JSON
//
// calls a tool and prints the text of the result. It exits with 1 and prints
// "isError" and the text if the tool failed, else "HTTP", the status and the challenge
// if HTTP refused, else the JSON-RPC error. A sign-in is kept in the folder .signed-in.
func todoMain() {
	flags := flag.NewFlagSet("todo", flag.ExitOnError)
	account := accountFlags(flags)
	era := flags.String("era", "modern", "modern or legacy")
	refresh := flags.Bool("refresh", false, "use the refresh token first")
	flags.BoolVar(&account.mustReuse, "signed-in", false, "fail if signing in is needed")
	flags.Parse(os.Args[1:])
	account.keep(".signed-in")
	if *era == "legacy" {
		account.version = "2025-11-25"
	}
	if *refresh {
		exitOn(account.expire())
	}
	text, err := account.call(context.Background(), flags.Arg(0), cmp.Or(flags.Arg(1), "{}"))
	fmt.Println(text)
	exitOn(err)
}

// accountFlags defines the flags that say who calls.
func accountFlags(flags *flag.FlagSet) *account {
	a := &account{url: os.Getenv("TODO_PUBLIC_URL")}
	flags.StringVar(&a.url, "url", a.url, "the server's public `URL`")
	flags.StringVar(&a.person, "as", "", "`person` who signs in")
	flags.Func("scopes", "`scopes` to allow, comma separated", func(list string) error {
		a.scopes = strings.Split(list, ",")
		return nil
	})
	return a
}

// keep is to be called once the flags are parsed.
func (a *account) keep(folder string) {
	a.file = filepath.Join(folder, strings.Join(append([]string{a.person}, a.scopes...), "-")+".json")
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errTool = errors.New("the tool failed")

// call calls a tool and returns what is to be printed, also with an error.
func (a *account) call(ctx context.Context, tool, arguments string) (string, error) {
	session, err := a.connect(ctx)
	if err != nil {
		return a.answers.failure(err), err
	}
	defer session.Close()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		return a.answers.failure(err), err
	}
	text := textOf(result)
	if result.IsError {
		return "isError " + text, errTool
	}
	return text, nil
}

func textOf(result *mcp.CallToolResult) string {
	var b strings.Builder
	for _, content := range result.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

// recorder remembers the last answer to a POST.
type recorder struct {
	mu        sync.Mutex
	status    int
	challenge string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && req.Method == http.MethodPost {
		r.mu.Lock()
		r.status, r.challenge = resp.StatusCode, resp.Header.Get("WWW-Authenticate")
		r.mu.Unlock()
	}
	return resp, err
}

func (r *recorder) failure(err error) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status >= 400 {
		return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.status, r.challenge))
	}
	return err.Error()
}

// readArgument returns the text of an argument, or of the file that @file names.
func readArgument(text string) (string, error) {
	name, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return text, nil
	}
	content, err := os.ReadFile(name)
	return strings.TrimSuffix(string(content), "\n"), err
}
