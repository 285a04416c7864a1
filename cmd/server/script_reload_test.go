package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// configure FILE puts a file in place as todo.yaml, with the values of $variables.
func (*script) configure(ts *testscript.TestScript, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs("todo.yaml"), []byte(text), 0o600))
}

// signal NAME sends the server a signal.
func (s *script) signal(ts *testscript.TestScript, args []string) {
	ts.Check(exec.Command("kill", "-s", args[0], strconv.Itoa(s.server.Process.Pid)).Run())
}

// reload [-refused] sends SIGHUP and waits for the line of the log that says what came of it.
func (s *script) reload(ts *testscript.TestScript, args []string) {
	pattern := `"msg":"configuration reloaded"`
	if len(args) > 0 {
		pattern = `"msg":"the configuration was not reloaded`
	}
	before := lines(ts, pattern)
	s.signal(ts, []string{"HUP"})
	s.await(ts, pattern, before+1)
}

// logged PATTERN waits for a line of the server's log.
func (s *script) logged(ts *testscript.TestScript, args []string) { s.await(ts, args[0], 1) }

func (s *script) await(ts *testscript.TestScript, pattern string, count int) {
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for lines(ts, pattern) < count {
		select {
		case err := <-s.exited:
			ts.Fatalf("the server ended: %v\n%s", err, ts.ReadFile("server.log"))
		case <-deadline:
			ts.Fatalf("the log does not say %s\n%s", pattern, ts.ReadFile("server.log"))
		case <-tick.C:
		}
	}
}

// lines returns how many lines of the server's log match.
func lines(ts *testscript.TestScript, pattern string) (count int) {
	wanted := regexp.MustCompile(pattern)
	for line := range strings.Lines(ts.ReadFile("server.log")) {
		if strings.HasSuffix(line, "\n") && wanted.MatchString(line) {
			count++
		}
	}
	return count
}

// pair DAYS CERTIFICATE KEY writes a certificate that is good for so many days, and its key.
func (*script) pair(ts *testscript.TestScript, args []string) {
	days, err := strconv.Atoi(args[0])
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	for name, block := range map[string]*pem.Block{args[1]: {Type: "CERTIFICATE", Bytes: cert}, args[2]: {Type: "PRIVATE KEY", Bytes: private}} {
		ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(block), 0o600))
	}
}

// serves CERTIFICATE connects to the server and compares what it presents.
func (*script) serves(ts *testscript.TestScript, args []string) {
	conn, err := tls.Dial("tcp", ts.Getenv("TODO_LISTEN"), &tls.Config{InsecureSkipVerify: true}) // what is presented is what is looked at
	ts.Check(err)
	defer conn.Close()
	want, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if got := conn.ConnectionState().PeerCertificates[0].Raw; !bytes.Equal(got, want.Bytes) {
		ts.Fatalf("the server presents another certificate than %s", args[0])
	}
}
