package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket is the backend of s3://.
type bucket struct {
	core      minio.Core
	whose     string // credentials are used, for errors
	name      string
	prefix    string // ends in a slash if it is not empty
	multipart bool   // upload large files in parts
	uri       string
}

// openBucket understands the parameters that Nix gives to s3:// stores: profile,
// region, scheme, endpoint, addressing-style and multipart-upload.
func openBucket(t *Transport, u *url.URL, params url.Values) (*bucket, error) {
	if u.Host == "" {
		return nil, errors.New("the bucket's name is missing")
	}
	client, err := t.HTTPClient()
	if err != nil {
		return nil, err
	}
	region := firstOf(params.Get("region"), "us-east-1")
	endpoint := firstOf(params.Get("endpoint"), t.getenv("AWS_ENDPOINT_URL_S3"), t.getenv("AWS_ENDPOINT_URL"))
	secure := params.Get("scheme") != "http"
	if scheme, rest, ok := strings.Cut(endpoint, "://"); ok {
		endpoint, secure = strings.TrimSuffix(rest, "/"), scheme != "http"
	}
	lookup := minio.BucketLookupAuto
	if endpoint == "" {
		endpoint = "s3." + region + ".amazonaws.com"
	} else {
		lookup = minio.BucketLookupPath
	}
	switch style := params.Get("addressing-style"); style {
	case "", "auto":
	case "path":
		lookup = minio.BucketLookupPath
	case "virtual":
		lookup = minio.BucketLookupDNS
	default:
		return nil, fmt.Errorf("addressing-style must be auto, path or virtual, not '%s'", style)
	}
	creds, whose, err := awsCredentials(t, params.Get("profile"))
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(endpoint, &minio.Options{
		Creds:        creds,
		Secure:       secure,
		Transport:    client.Transport,
		Region:       region,
		BucketLookup: lookup,
		MaxRetries:   1, // we try again ourselves
	})
	if err != nil {
		return nil, err
	}
	b := &bucket{core: *core, whose: whose, name: u.Host, uri: "s3://" + u.Host, multipart: params.Get("multipart-upload") == "true"}
	if p := strings.Trim(u.Path, "/"); p != "" {
		b.prefix = p + "/"
		b.uri += "/" + p
	}
	return b, nil
}

// awsCredentials looks where AWS's own tools look: the environment, then the file
// of credentials. Without any, requests are anonymous. whose says which they are.
func awsCredentials(t *Transport, profile string) (_ *credentials.Credentials, whose string, _ error) {
	id, secret := t.getenv("AWS_ACCESS_KEY_ID"), t.getenv("AWS_SECRET_ACCESS_KEY")
	if id != "" && secret != "" && profile == "" {
		return credentials.NewStaticV4(id, secret, t.getenv("AWS_SESSION_TOKEN")), "with the credentials of AWS_ACCESS_KEY_ID", nil
	}
	name := t.getenv("AWS_SHARED_CREDENTIALS_FILE")
	if name == "" && t.getenv("HOME") != "" {
		name = filepath.Join(t.getenv("HOME"), ".aws", "credentials")
	}
	wanted := firstOf(profile, t.getenv("AWS_PROFILE"))
	if name != "" {
		c := credentials.NewFileAWSCredentials(name, firstOf(wanted, "default"))
		v, err := c.GetWithContext(&credentials.CredContext{})
		if err == nil && v.AccessKeyID != "" {
			return c, fmt.Sprintf("with the credentials of profile '%s' in '%s'", firstOf(wanted, "default"), name), nil
		}
	}
	if wanted != "" {
		return nil, "", fmt.Errorf("there are no credentials for the profile '%s' in '%s'", wanted, firstOf(name, "~/.aws/credentials"))
	}
	return credentials.NewStaticV4("", "", ""), "without credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and there is no '" + firstOf(name, "~/.aws/credentials") + "'", nil
}

func (b *bucket) key(name string) string {
	name, _, _ = strings.Cut(name, "?")
	return b.prefix + name
}

func (b *bucket) location(name string) string { return b.uri + "/" + name }

// failure turns an error of the library into one of ours.
func (b *bucket) failure(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	te := &TransferError{URL: b.location(name), Err: err}
	var off *offlineError
	if errors.As(err, &off) {
		te.Offline, te.Err = true, off.err
		return te
	}
	resp := minio.ToErrorResponse(err)
	switch s := resp.StatusCode; {
	case s == http.StatusNotFound || resp.Code == minio.NoSuchKey:
		return errNotFound
	case s == http.StatusForbidden && resp.Code == minio.AccessDenied:
		return fmt.Errorf("%w %s", errDenied, b.whose)
	case s == 0:
		te.temporary = true // the connection broke
	default:
		te.Status = s
		if s == http.StatusForbidden || s == http.StatusUnauthorized {
			te.Err = fmt.Errorf("%s: %s (asked %s)", resp.Code, firstOf(resp.Message, "access denied"), b.whose)
		}
		te.limited = s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable
		te.temporary = te.limited || s >= 500 || s == http.StatusRequestTimeout
	}
	return te
}

func (b *bucket) open(ctx context.Context, name string, off int64, version string) (file, error) {
	var opts minio.GetObjectOptions
	if off > 0 {
		if err := opts.SetRange(off, 0); err != nil {
			return file{}, err
		}
		if version != "" {
			if err := opts.SetMatchETag(version); err != nil {
				return file{}, err
			}
		}
	}
	body, st, header, err := b.core.GetObject(ctx, b.name, b.key(name), opts)
	if err != nil {
		return file{}, b.failure(ctx, name, err)
	}
	f := file{size: st.Size, version: st.ETag, encoding: contentEncoding(header)}
	f.body = bucketBody{body, b, ctx, name}
	if off > 0 {
		f.size = off + st.Size
		if _, all, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
			fmt.Sscan(all, &f.size)
		}
	}
	return f, nil
}

// bucketBody makes a broken connection an error that can be recovered from.
type bucketBody struct {
	io.ReadCloser
	b    *bucket
	ctx  context.Context
	name string
}

func (r bucketBody) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		if r.ctx.Err() != nil {
			return n, context.Cause(r.ctx)
		}
		err = &TransferError{URL: r.b.location(r.name), Err: err, temporary: true}
	}
	return n, err
}

func (b *bucket) exists(ctx context.Context, name string) (bool, error) {
	_, err := b.core.StatObject(ctx, b.name, b.key(name), minio.StatObjectOptions{})
	if err == nil {
		return true, nil
	}
	if err = b.failure(ctx, name, err); errors.Is(err, errNotFound) {
		return false, nil
	}
	return false, err
}

// maxSinglePart is the size of the largest file that S3 takes in one request.
const maxSinglePart = 5 << 30

func (b *bucket) put(ctx context.Context, name string, data io.ReadSeeker, size int64, kind, encoding string) error {
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := b.core.Client.PutObject(ctx, b.name, b.key(name), data, size, minio.PutObjectOptions{
		ContentType: kind, ContentEncoding: encoding,
		DisableMultipart: !b.multipart && size <= maxSinglePart,
	})
	if err != nil {
		if err = b.failure(ctx, name, err); errors.Is(err, errNotFound) {
			if errors.Is(err, errDenied) {
				return fmt.Errorf("upload to '%s': %w", b.location(name), err)
			}
			return fmt.Errorf("upload to '%s': no such bucket", b.location(name))
		}
		return err
	}
	return nil
}
