from function_kit import settings as _s
import botocore.session

def handler(event, context):
    return {"statusCode": 200}
