"""What is on some images, as a program written for Amazon asks it.

    python label_images.py street.jpg s3://fleet-images/front/1.png

It knows nothing of roadloop. Answered by Amazon as it is, and by models of this machine
with `roadloop serve --rekognition` and

    export AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:8080
"""

import sys

import boto3

client = boto3.client("rekognition")


def image_of(name):
    if name.startswith("s3://"):
        bucket, _, key = name.removeprefix("s3://").partition("/")
        return {"S3Object": {"Bucket": bucket, "Name": key}}
    with open(name, "rb") as file:
        return {"Bytes": file.read()}


def where(box):
    return " ".join(f"{box[side]:.3f}" for side in ("Left", "Top", "Width", "Height"))


for name in sys.argv[1:]:
    image = image_of(name)
    print(name)
    for label in client.detect_labels(Image=image, MaxLabels=10, MinConfidence=50)["Labels"]:
        print(f"  {label['Name']} {label['Confidence']:.1f} %")
        for instance in label["Instances"]:
            print(f"    at {where(instance['BoundingBox'])}")
    for face in client.detect_faces(Image=image)["FaceDetails"]:
        print(f"  a face {face['Confidence']:.1f} % at {where(face['BoundingBox'])}")
    for text in client.detect_text(Image=image)["TextDetections"]:
        if text["Type"] == "LINE":
            box = text["Geometry"]["BoundingBox"]
            print(f"  {text['DetectedText']!r} {text['Confidence']:.1f} % at {where(box)}")
