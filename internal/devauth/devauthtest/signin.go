package devauthtest

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// SignIn opens authorizeURL, chooses the person, allows access and returns the
// URL of the client's callback, which it does not follow. Given scopes, it ticks
// exactly those, and it is an error if the consent page does not offer one;
// without any it leaves the page as it comes, with every scope ticked. A request
// that the server refuses by redirect returns that redirect, error and all; one
// that it refuses on a page is an error here.
func SignIn(ctx context.Context, client *http.Client, authorizeURL, person string, scopes ...string) (callbackURL string, err error) {
	b := browser{*client}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p, err := b.open(ctx, http.MethodGet, authorizeURL, nil)
	if err != nil || p.location != "" {
		return p.location, err
	}
	p, err = b.submit(ctx, p, "/authorize/account", func(form url.Values) error {
		form.Set("account", person)
		return nil
	})
	if err != nil {
		return "", err
	}
	p, err = b.submit(ctx, p, "/authorize/decision", func(form url.Values) error {
		form.Set("decision", "allow")
		return tick(form, scopes)
	})
	if err != nil {
		return "", err
	}
	if p.location == "" {
		return "", errors.New("devauthtest: consent did not redirect to the client")
	}
	return p.location, nil
}

func tick(form url.Values, scopes []string) error {
	if len(scopes) == 0 {
		return nil
	}
	for _, sc := range scopes {
		if !slices.Contains(form["scope"], sc) {
			return fmt.Errorf("devauthtest: the consent page does not offer scope %q", sc)
		}
	}
	form["scope"] = scopes
	return nil
}

// page is what a request led to: either a redirect, or forms by their action.
type page struct {
	url      *url.URL
	location string
	forms    map[string]url.Values
}

type browser struct{ client http.Client }

// submit fills in the form of p with that action, and sends it.
func (b *browser) submit(ctx context.Context, p page, action string, fill func(url.Values) error) (page, error) {
	form, ok := p.forms[action]
	if !ok {
		return page{}, fmt.Errorf("devauthtest: no form for %s on the page", action)
	}
	if err := fill(form); err != nil {
		return page{}, err
	}
	return b.open(ctx, http.MethodPost, p.url.ResolveReference(&url.URL{Path: action}).String(), form)
}

func (b *browser) open(ctx context.Context, method, rawURL string, form url.Values) (page, error) {
	req, err := http.NewRequestWithContext(ctx, method, rawURL, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	p := page{url: req.URL, location: resp.Header.Get("Location")}
	if p.location != "" {
		return p, nil
	}
	if resp.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("devauthtest: %s %s answered %s", method, req.URL.Path, resp.Status)
	}
	p.forms, err = forms(resp.Body)
	return p, err
}

// forms reads the fields that the forms of a page send as they come: hidden
// ones and ticked boxes. Our pages are well-formed enough for encoding/xml.
func forms(r io.Reader) (map[string]url.Values, error) {
	dec := xml.NewDecoder(r)
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	found := make(map[string]url.Values)
	var current url.Values
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("devauthtest: page: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		at := attributes(start)
		switch _, checked := at["checked"]; {
		case start.Name.Local == "form":
			current = make(url.Values)
			found[at["action"]] = current
		case start.Name.Local == "input" && (at["type"] == "hidden" || checked):
			current.Add(at["name"], at["value"])
		}
	}
}

func attributes(e xml.StartElement) map[string]string {
	at := make(map[string]string)
	for _, a := range e.Attr {
		at[a.Name.Local] = a.Value
	}
	return at
}
