package main

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// op is what a caller does again and again. It returns the number of requests.
type op func(c *caller) (requests int, err error)

// fullPage is the op that lists as many todos as a page can have.
const fullPage = "get of 500"

// ops are the rows of the table.
func ops() map[string]op {
	create := func(c *caller) (int, error) { return 1, c.call(createBody) }
	get := func(limit string) op {
		body := toolCall("get-todos", `{"limit":`+limit+`}`)
		return func(c *caller) (int, error) { return 1, c.call(body) }
	}
	pair := func(c *caller) (int, error) {
		if err := c.call(createBody); err != nil {
			return 1, err
		}
		return 2, c.call(toolCall("delete-todo", `{"id":"`+c.created()+`"}`))
	}
	get10 := get("10")
	mix := func(c *caller) (int, error) { // of ten requests seven read, two create, one deletes
		switch c.turn++; c.turn % 9 {
		case 3:
			return create(c)
		case 7:
			return pair(c)
		}
		return get10(c)
	}
	return map[string]op{"create": create, "get of 10": get10, fullPage: get("500"), "create and delete": pair, "mix 70/20/10": mix}
}

func toolCall(name, arguments string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments + `}}`)
}

var createBody = toolCall("create-todo", `{"content":"buy milk and bread"}`)

// caller is one connection, and one person on it.
type caller struct {
	client *fasthttp.HostClient
	req    *fasthttp.Request
	resp   *fasthttp.Response
	turn   int
	took   []time.Duration
}

func newCaller(address, token string) *caller {
	c := &caller{client: &fasthttp.HostClient{Addr: address, MaxConns: 1}, req: new(fasthttp.Request), resp: new(fasthttp.Response)}
	c.req.Header.SetMethod(fasthttp.MethodPost)
	c.req.SetRequestURI("http://" + address + "/")
	c.req.Header.SetContentType("application/json")
	c.req.Header.Set("Accept", "application/json, text/event-stream")
	c.req.Header.Set("MCP-Protocol-Version", "2025-11-25")
	if token != "" {
		c.req.Header.Set("Authorization", "Bearer "+token)
	}
	return c
}

// call sends a request, and wants a success.
func (c *caller) call(body []byte) error {
	c.req.SetBodyRaw(body)
	began := time.Now()
	if err := c.client.Do(c.req, c.resp); err != nil {
		return err
	}
	c.took = append(c.took, time.Since(began))
	answer := c.resp.Body()
	if c.resp.StatusCode() != fasthttp.StatusOK || !bytes.Contains(answer, []byte(`"result"`)) || bytes.Contains(answer, []byte(`"isError":true`)) {
		return fmt.Errorf("%s: HTTP %d: %.300s", body, c.resp.StatusCode(), answer)
	}
	return nil
}

// created returns the id in the answer to create-todo.
func (c *caller) created() string {
	const before = `"structuredContent":{"id":"`
	_, rest, _ := bytes.Cut(c.resp.Body(), []byte(before))
	return string(rest[:min(13, len(rest))])
}

// run lets the callers do an op, each again and again, for a time.
func run(callers []*caller, do op, length time.Duration) (m measured, err error) {
	var requests atomic.Int64
	var failed atomic.Pointer[error]
	stop := make(chan struct{})
	var all sync.WaitGroup
	began := time.Now()
	for _, c := range callers {
		c.took = c.took[:0]
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n, err := do(c)
				requests.Add(int64(n))
				if err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	time.AfterFunc(length, func() { close(stop) })
	all.Wait()
	m.requests, m.length = requests.Load(), time.Since(began)
	for _, c := range callers {
		m.took = append(m.took, c.took...)
	}
	if failure := failed.Load(); failure != nil {
		err = *failure
	}
	return m, err
}
