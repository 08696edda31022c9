#!/bin/sh
# Makes the buckets, the user that roadloop is, and the word that is sent of uploads.
# Done again it changes nothing.
set -eu

mc alias set bucket http://bucket:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null
mc mb --ignore-existing bucket/ingest bucket/lake

# Recordings are read; images and tables are written, replaced and deleted.
cat >/tmp/policy.json <<'POLICY'
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
      "Resource": ["arn:aws:s3:::ingest", "arn:aws:s3:::lake"]
    },
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::ingest/*"]},
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts"
      ],
      "Resource": ["arn:aws:s3:::lake/*"]
    }
  ]
}
POLICY
mc admin policy create bucket roadloop /tmp/policy.json
mc admin user add bucket roadloop "$AWS_SECRET_ACCESS_KEY"
# Attached already is no mistake.
mc admin policy attach bucket roadloop --user roadloop || true

mc event add --ignore-existing bucket/ingest arn:minio:sqs::WATCH:webhook --event put
echo "buckets: ingest for recordings, lake for images and tables"
