print("bursar")
