package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
)

// requestMain is the scripts' HTTP client, for what no MCP client would send:
//
//	request [-as alice] [-token T] [-H 'Name: value']... METHOD PATH [BODY]
//	request [-as alice] [-token T] call TOOL ARGUMENTS
//
// It prints the status, the headers in order of name, an empty line and the body. The
// second form posts a tools/call with the arguments as they stand. BODY may be @file.
func requestMain() {
	flags := flag.NewFlagSet("request", flag.ExitOnError)
	account := accountFlags(flags)
	m := message{header: http.Header{}}
	flags.StringVar(&m.token, "token", "", "access `token` to send, without signing in")
	flags.Func("H", "`header` in place of the usual one; an empty value removes it", func(line string) error {
		name, value, _ := strings.Cut(line, ":")
		m.header.Add(name, strings.TrimSpace(value))
		return nil
	})
	flags.Parse(os.Args[1:])
	ctx := context.Background()
	if account.person != "" {
		account.keep(".signed-in")
		token, err := account.token(ctx)
		exitOn(err)
		m.token = token
	}
	var err error
	m.body, err = readArgument(flags.Arg(2))
	exitOn(err)
	if flags.Arg(0) == "call" {
		m.method, m.url, m.body = http.MethodPost, account.url, toolCall(flags.Arg(1), cmp.Or(m.body, "{}"))
	} else {
		m.method, m.url = flags.Arg(0), account.url+flags.Arg(1)
	}
	answer, err := m.send(ctx)
	exitOn(err)
	fmt.Println(answer)
}

// toolCall is the JSON-RPC message of a call, with the arguments as they stand.
func toolCall(tool, arguments string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
}

// message is a request to the server.
type message struct {
	method, url, token string
	header             http.Header // in place of what an MCP client of 2025-11-25 sends
	body               string
	chunked            bool // do not announce the length of the body
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (m message) send(ctx context.Context) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, m.method, m.url, strings.NewReader(m.body))
	if err != nil {
		return answer{}, err
	}
	if m.chunked {
		req.ContentLength = -1
	}
	if m.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		req.Header.Set("MCP-Protocol-Version", "2025-11-25")
	}
	if m.token != "" {
		req.Header.Set("Authorization", "Bearer "+m.token)
	}
	for name, values := range m.header {
		req.Header[name] = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	}
	if host := m.header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// String leaves out the headers that differ from run to run.
func (a answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d\n", a.status)
	var lines []string
	for name, values := range a.header {
		for _, value := range values {
			if name != "Date" && name != "X-Request-Id" && name != "Content-Length" {
				lines = append(lines, name+": "+value)
			}
		}
	}
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "\n") + "\n\n" + strings.TrimSuffix(a.body, "\n")
}
